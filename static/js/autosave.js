/* Saves what is written, section by section, a moment after the fingers rest, and warns when somebody else writes in the
   same section. The portal puts two writers' changes together (routines/views/autosave.py); nothing is written over.

   Whatever goes wrong, the text stays on the page and a sentence says what happened. The sentences stand on the form.
   Without this script the form's own button saves, with the same care. */
const PAUSE = 1500; // ms without typing before a section is saved
const LONGEST = 10_000; // ms of typing without a pause before it is saved all the same
const RETRIES = [3_000, 10_000, 30_000]; // ms until it is tried again when the portal could not be reached
const HERE = 20_000; // ms between two words that somebody is writing

const form = document.querySelector("form[data-autosave]");
const words = form.dataset;
const sections = [...form.querySelectorAll("[data-section]")].map((place) => ({
  place,
  status: place.querySelector("[data-status]"),
  others: place.querySelector("[data-others]"),
  clashes: place.querySelector("[data-clashes]"),
  seen: place.querySelector("input[type=hidden][name$='-seen']"),
  saved: "",
  stopped: "", // why it is not saved by itself: "refused" or "clash" wait for the writer, "away" for the portal
  tries: 0,
}));

// The token is renewed when somebody signs in again, in another tab perhaps; the cookie has the new one.
const token = () =>
  /(?:^|; )csrftoken=([^;]+)/.exec(document.cookie)?.[1] ?? form.querySelector("[name=csrfmiddlewaretoken]").value;

const post = (url, body) =>
  fetch(url, {
    method: "POST", body, redirect: "manual", credentials: "same-origin", headers: { "X-CSRFToken": token() },
  });

const fieldsOf = (section) =>
  [...section.place.querySelectorAll("input, textarea")].filter((field) => field.name && field !== section.seen);

const textOf = (section) => {
  const data = new URLSearchParams();
  for (const field of fieldsOf(section)) {
    if (field.type !== "checkbox" || field.checked) data.append(field.name, field.value);
  }
  return data.toString();
};

const isUnsaved = (section) => textOf(section) !== section.saved;

/* --- What the writer is told --------------------------------------------------------------------------------- */
const tell = (section, sentence, { wrong = false, link = "" } = {}) => {
  section.status.classList.toggle("is-wrong", wrong);
  section.status.textContent = sentence;
  if (link) {
    const anchor = document.createElement("a");
    Object.assign(anchor, { href: link, target: "_blank", rel: "noopener", textContent: words.signIn });
    section.status.append(" ", anchor);
  }
};

const line = (who, html) => {
  const paragraph = document.createElement("p");
  const name = document.createElement("span");
  name.className = "clash__who";
  name.textContent = who;
  const text = new DOMParser().parseFromString(html, "text/html").body.textContent.trim();
  paragraph.append(name, ` ${text || words.removed}`);
  return paragraph;
};

const showClashes = (section, clashes) => {
  section.clashes.replaceChildren();
  section.clashes.className = clashes.length ? "clash" : "";
  for (const { mine, theirs } of clashes) {
    section.clashes.append(line(words.mine, mine), line(words.theirs, theirs));
  }
};

/* --- Saving ---------------------------------------------------------------------------------------------------- */
// Puts what the portal has put together in the fields of the section.
const show = (section, now) => {
  for (const field of fieldsOf(section)) {
    const name = field.name.slice(field.name.lastIndexOf("-") + 1);
    if (name === "body") {
      if (field.richText) field.richText.replace(now.body);
      else if (field.value !== now.body) field.value = now.body;
    } else if (name.startsWith("cells_")) {
      field.value = now.cells[name.slice("cells_".length)] ?? "";
    } else if (field.type === "checkbox") {
      field.checked = now[name].includes(Number(field.value));
    }
  }
};

const plan = (section, wait = PAUSE) => {
  clearTimeout(section.timer);
  const now = performance.now();
  section.since ??= now;
  const soonest = wait === PAUSE ? Math.min(wait, Math.max(section.since + LONGEST - now, 0)) : wait;
  section.timer = setTimeout(() => save(section), soonest);
};

const away = (section, sentence, link) => {
  section.stopped = "away";
  tell(section, sentence, { wrong: true, link });
  plan(section, RETRIES[Math.min(section.tries, RETRIES.length - 1)]);
  section.tries += 1;
};

const wait = (section, why, sentence) => {
  section.stopped = why;
  tell(section, sentence, { wrong: true });
};

const answered = async (section, answer, sent) => {
  if (answer.type === "opaqueredirect") return away(section, words.signedOut, words.signInUrl);
  if (answer.status >= 500 || answer.status === 429) return away(section, words.gone);
  if (answer.status === 403 || answer.status === 404) return wait(section, "refused", words.forbidden);
  if (![200, 409, 422].includes(answer.status)) return wait(section, "refused", words.tooBig);
  const data = await answer.json();
  section.tries = 0;
  if (answer.status === 422) return wait(section, "refused", data.sentence);
  const isStill = textOf(section) === sent;
  if (answer.status === 409 && !isStill) return plan(section, 300); // it is put together when the fingers rest
  if (data.now && isStill) show(section, data.now);
  if (!data.now || isStill) section.seen.value = data.seen;
  if (answer.status === 409) {
    showClashes(section, data.clashes);
    section.saved = "?"; // what is shown now is saved nowhere
    section.wasMerged = true;
    wait(section, "clash", data.sentence);
    if (!data.clashes.length) plan(section);
    return undefined;
  }
  section.stopped = "";
  section.saved = isStill ? textOf(section) : sent;
  // That both's changes were put together stands there until the writer goes on.
  if (!section.wasMerged) tell(section, data.sentence);
  showOthers(section, data.others);
  if (isUnsaved(section)) plan(section);
  return undefined;
};

const save = async (section) => {
  clearTimeout(section.timer);
  if (section.sending) return section.sending;
  if (!isUnsaved(section)) return undefined;
  section.since = undefined;
  const sent = textOf(section);
  const body = new URLSearchParams(sent);
  body.append(section.seen.name, section.seen.value);
  section.sending = post(section.place.dataset.save, body)
    .then((answer) => answered(section, answer, sent))
    .catch(() => away(section, words.gone))
    .finally(() => { section.sending = undefined; });
  return section.sending;
};

/* --- Who else is here ------------------------------------------------------------------------------------------ */
const showOthers = (section, sentence) => {
  if (section.others.textContent !== sentence) section.others.textContent = sentence;
};

let here;
let beat;
const say = async (section) => {
  try {
    const answer = await post(section.place.dataset.here, new URLSearchParams());
    if (answer.ok) showOthers(section, (await answer.json()).others);
  } catch {
    // Saving says when the portal can't be reached.
  }
};
const leave = () => {
  if (!here) return;
  const body = new FormData();
  body.append("left", "1");
  body.append("csrfmiddlewaretoken", token());
  navigator.sendBeacon(here.place.dataset.here, body);
  showOthers(here, "");
  clearInterval(beat);
  here = undefined;
};
const enter = (section) => {
  if (here === section) return;
  leave();
  here = section;
  say(section);
  beat = setInterval(() => {
    if (document.visibilityState === "visible") say(section);
  }, HERE);
};

/* --- Everything in its place ------------------------------------------------------------------------------- */
const begin = () => {
  for (const section of sections) {
    section.saved = textOf(section);
    // After a refusal the page shows what was typed, which is saved nowhere yet.
    if (section.place.querySelector(".invalid-feedback")) section.saved = "?";
    section.place.addEventListener("input", () => {
      section.stopped = section.stopped === "away" ? "away" : "";
      section.wasMerged = false;
      if (isUnsaved(section)) plan(section);
    });
    section.place.addEventListener("focusin", () => enter(section));
    section.place.addEventListener("rich-text:refused", (event) => tell(section, event.detail, { wrong: true }));
  }
};

// The editors write their textareas anew when they start: what stands there then is what was saved.
if ([...form.querySelectorAll("textarea[data-editor]")].every((field) => field.richText)) begin();
else document.addEventListener("rich-text:ready", begin, { once: true });

const retry = () => {
  for (const section of sections) if (section.stopped === "away") save(section);
};
window.addEventListener("online", retry);
window.addEventListener("focus", retry);
window.addEventListener("pagehide", leave);
window.addEventListener("beforeunload", (event) => {
  if (sections.some((section) => !form.isLeaving && isUnsaved(section))) event.preventDefault();
});

const letGo = () => {
  form.querySelector("[name=csrfmiddlewaretoken]").value = token();
  form.isLeaving = true;
};

form.addEventListener("submit", async (event) => {
  if (form.isLeaving) return;
  const waiting = sections.filter((section) => section.sending || isUnsaved(section));
  if (!waiting.length) {
    letGo();
    return;
  }
  event.preventDefault();
  await Promise.all(waiting.map(save));
  const lost = sections.find((section) => section.stopped === "away" && isUnsaved(section));
  if (lost) {
    // The form would go the same way, and the text with it.
    lost.status.scrollIntoView({ block: "center" });
    return;
  }
  letGo();
  form.requestSubmit(event.submitter);
});
