// The page of the lab. `render` is all that anybody calls: a browser's page, a notebook's widget, a recorded lesson.

import { mount, unmount } from "svelte";

import App from "./App.svelte";
import { Lab } from "./store.svelte";
import css from "./styles/lab.css?inline";
import { HttpTransport } from "./transport/http";
import { PythonTransport } from "./transport/python";
import { RecordedTransport } from "./transport/recorded";
import { WidgetTransport, type WidgetModel } from "./transport/anywidget";
import type { Transport } from "./transport/transport";

/** Where the numbers come from: a notebook's model, the lab's server, a recording beside the page, or Python in it. */
type Model = WidgetModel | ({ state?: string } & ({ http: string; token: string } | { recorded: string } | { python: string; sources: string }));

function transportOf(model: Model): Transport {
  if ("http" in model) return new HttpTransport(model.http, model.token);
  if ("python" in model) return new PythonTransport(model.python, model.sources);
  if ("recorded" in model) return new RecordedTransport(model.recorded);
  return new WidgetTransport(model);
}

function render({ model, el }: { model: Model; el: HTMLElement }): () => void {
  // a constructed style sheet needs no leave from the Content-Security-Policy, and goes when the page goes
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  const root = el.getRootNode() as Document | ShadowRoot;
  const sheets = "adoptedStyleSheets" in root ? root : document;
  sheets.adoptedStyleSheets = [...sheets.adoptedStyleSheets, sheet];
  const transport = transportOf(model);
  const whole = "http" in model || "recorded" in model || "python" in model;
  const lab = new Lab(transport, whole);
  const projector = whole && new URLSearchParams(location.search).has("projector");
  const app = mount(App, { target: el, props: { lab, projector } });
  void lab.open("state" in model ? (model.state ?? "") : "");
  const leave = () => transport.close();
  globalThis.addEventListener("pagehide", leave);
  return () => {
    globalThis.removeEventListener("pagehide", leave);
    sheets.adoptedStyleSheets = sheets.adoptedStyleSheets.filter((each) => each !== sheet);
    transport.close();
    void unmount(app);
  };
}

export default { render };
