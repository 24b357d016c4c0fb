// The page of `backlit lab`, of a recorded lesson, and of Python in the browser. The token stands in the fragment, which browsers send nowhere.
import lab from "./lab.js";

const el = document.getElementById("lab");
const given = new URLSearchParams(location.hash.slice(1));
const { recording, python, sources } = el.dataset;
const model = recording ? { recorded: recording } : python ? { python, sources } : { http: "", token: given.get("token") ?? "" };
lab.render({ model: { ...model, state: given.get("state") ?? "" }, el });
