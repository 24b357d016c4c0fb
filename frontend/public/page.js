// The page of `backlit lab`, and of a recorded lesson. The token stands in the fragment, which browsers send nowhere.
import lab from "./lab.js";

const el = document.getElementById("lab");
const given = new URLSearchParams(location.hash.slice(1));
const recorded = el.dataset.recording;
const model = recorded ? { recorded } : { http: "", token: given.get("token") ?? "" };
lab.render({ model: { ...model, state: given.get("state") ?? "" }, el });
