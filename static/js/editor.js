/* Turns each textarea with data-editor into an editor of formatted text: headings, lists, links, tables, bold, italic.

   The textarea keeps the text as HTML and is what the form sends. Other scripts find the editor as textarea.richText:
   { html(), replace(html) }. Words on buttons stand in templates/routines/_editor_head.html. */
const library = document.querySelector("script[data-library]").dataset.library;
const {
  Bold, BulletList, Document, Editor, Gapcursor, HardBreak, Heading, History, Italic, Link, ListItem, OrderedList,
  Paragraph, Table, TableCell, TableHeader, TableRow, Text, pm,
} = await import(library);

const tools = document.getElementById("editor-tools");
const MOST_PASTED = 100_000; // characters of words; more hangs the browser before the portal can say no

// The tab key leaves the editor, as it leaves every field: who writes without a mouse must not be caught in a table.
const untabbed = (extension) =>
  extension.extend({
    addKeyboardShortcuts() {
      const { Tab, "Shift-Tab": back, ...rest } = this.parent?.() ?? {};
      return rest;
    },
  });

const extensions = [
  Document, Paragraph, Text, Bold, Italic, HardBreak, BulletList, OrderedList, untabbed(ListItem), Gapcursor, History,
  Heading.configure({ levels: [3] }),
  Link.extend({ addKeyboardShortcuts: () => ({}) }).configure({
    openOnClick: false, enableTarget: false, protocols: ["http", "https", "mailto", "tel"],
  }),
  untabbed(Table).configure({ resizable: false }), TableRow, TableHeader, TableCell,
];

/* --- What Word puts on the clipboard ---------------------------------------------------------------------- */
// A style may not stand in the page, not even in what is about to be thrown away: the policy would complain.
const unstyled = (html) => html.replace(/<[^>]*>/g, (tag) => tag.replace(/\sstyle\s*=/gi, " data-style="));
const parse = (html) => new DOMParser().parseFromString(unstyled(html), "text/html");
const styleOf = (element) => element.dataset.style ?? "";

// Word's lists are paragraphs with a bullet or a number typed by Word; how deep says a style.
const wordLists = (body) => {
  let open = []; // the lists that are open, the outermost first
  for (const paragraph of [...body.querySelectorAll("p")]) {
    const level = Number(/mso-list:\s*\w+\s+level(\d)/.exec(styleOf(paragraph))?.[1] ?? 0);
    const goesOn = open.length && paragraph.previousElementSibling === open[0];
    if (!goesOn) open = [];
    if (!level) continue;
    const typed = [...paragraph.querySelectorAll("span")].find((span) => /mso-list:\s*Ignore/i.test(styleOf(span)));
    const tag = /^\s*\(?(\d+|[a-z]|[ivx]+)[.)]/i.test(typed?.textContent ?? "") ? "ol" : "ul";
    typed?.remove();
    const depth = Math.min(level, open.length + 1);
    open = open.slice(0, depth);
    if (open.length < depth) {
      const list = body.ownerDocument.createElement(tag);
      if (open.length) open.at(-1).lastElementChild.append(list);
      else paragraph.before(list);
      open.push(list);
    }
    const item = body.ownerDocument.createElement("li");
    item.append(...paragraph.childNodes);
    open.at(-1).append(item);
    paragraph.remove();
  }
};

// Google's documents and some mail programs write bold and italic as styles.
const styledMarks = (body) => {
  for (const element of [...body.querySelectorAll("[data-style]")]) {
    const style = styleOf(element);
    element.removeAttribute("data-style");
    if (/(^|;)\s*font-weight:\s*(normal|[1-4]00)/i.test(style) && /^(b|strong)$/i.test(element.tagName)) {
      element.replaceWith(...element.childNodes);
      continue;
    }
    const tags = [];
    if (element.tagName === "SPAN" && /(^|;)\s*font-weight:\s*(bold|[6-9]00)/i.test(style)) tags.push("strong");
    if (element.tagName === "SPAN" && /(^|;)\s*font-style:\s*italic/i.test(style)) tags.push("em");
    for (const tag of tags) {
      const mark = body.ownerDocument.createElement(tag);
      mark.append(...element.childNodes);
      element.append(mark);
    }
  }
};

const tidyPasted = (html) => {
  const { body } = parse(html);
  wordLists(body);
  styledMarks(body);
  for (const heading of body.querySelectorAll("h1, h2, h4, h5, h6")) {
    const same = body.ownerDocument.createElement("h3");
    same.append(...heading.childNodes);
    heading.replaceWith(same);
  }
  // The header row of a table is its first, however Word marked it.
  for (const table of body.querySelectorAll("table")) {
    for (const cell of table.querySelector("tr")?.querySelectorAll("td") ?? []) {
      const header = body.ownerDocument.createElement("th");
      header.append(...cell.childNodes);
      cell.replaceWith(header);
    }
  }
  return body.innerHTML;
};

/* --- Links -------------------------------------------------------------------------------------------------- */
// As the portal reads them too (jarfalla/rich_text/reading.py). "" when it is none.
const address = (typed) => {
  const text = typed.trim();
  if (/^(https?:\/\/|mailto:|tel:)\S/i.test(text)) return text;
  if (/^[^@\s/:]+@[^@\s/:]+\.[^@\s/:]+$/.test(text)) return `mailto:${text}`;
  if (/^\+?[\d\s()-]{3,}$/.test(text)) return `tel:${text.replace(/[^\d+]/g, "")}`;
  if (/^[^\s/:]+\.[a-zåäö]{2,}([/?#]\S*)?$/i.test(text)) return `https://${text}`;
  return "";
};

const linkDialog = (editor, place) => {
  const dialog = tools.content.querySelector("dialog").cloneNode(true);
  const form = dialog.querySelector("form");
  const wrong = form.querySelector("[data-wrong]");
  const isLink = editor.isActive("link");
  const needsWords = editor.state.selection.empty && !isLink;
  form.href.value = editor.getAttributes("link").href ?? "";
  form.querySelector("[data-words]").hidden = !needsWords;
  form.querySelector("[data-remove]").hidden = !isLink;
  place.append(dialog);
  const close = () => dialog.close();
  form.querySelector("[data-cancel]").addEventListener("click", close);
  form.querySelector("[data-remove]").addEventListener("click", () => {
    editor.chain().extendMarkRange("link").unsetLink().run();
    close();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    event.stopPropagation();
    const href = address(form.href.value);
    if (!href) {
      wrong.textContent = wrong.dataset.wrong;
      form.href.focus();
      return;
    }
    if (needsWords) {
      const text = form.words.value.trim() || form.href.value.trim();
      editor.chain().insertContent({ type: "text", text, marks: [{ type: "link", attrs: { href } }] }).unsetMark("link").run();
    } else {
      editor.chain().extendMarkRange("link").setLink({ href }).run();
    }
    close();
  });
  dialog.addEventListener("close", () => {
    dialog.remove();
    editor.view.focus();
  });
  dialog.showModal();
};

/* --- The toolbar -------------------------------------------------------------------------------------------- */
const chain = (editor) => editor.chain().focus();
const doing = {
  bold: (editor) => chain(editor).toggleBold().run(),
  italic: (editor) => chain(editor).toggleItalic().run(),
  heading: (editor) => chain(editor).toggleHeading({ level: 3 }).run(),
  bullets: (editor) => chain(editor).toggleBulletList().run(),
  numbers: (editor) => chain(editor).toggleOrderedList().run(),
  in: (editor) => chain(editor).sinkListItem("listItem").run(),
  out: (editor) => chain(editor).liftListItem("listItem").run(),
  link: linkDialog,
  table: (editor) => chain(editor).insertTable({ rows: 3, cols: 3, withHeaderRow: true }).run(),
  rowAfter: (editor) => chain(editor).addRowAfter().run(),
  columnAfter: (editor) => chain(editor).addColumnAfter().run(),
  deleteRow: (editor) => chain(editor).deleteRow().run(),
  deleteColumn: (editor) => chain(editor).deleteColumn().run(),
  deleteTable: (editor) => chain(editor).deleteTable().run(),
  undo: (editor) => chain(editor).undo().run(),
  redo: (editor) => chain(editor).redo().run(),
};
const active = {
  bold: ["bold"], italic: ["italic"], heading: ["heading"], bullets: ["bulletList"], numbers: ["orderedList"], link: ["link"],
};

const addToolbar = (editor, place, name) => {
  const bar = tools.content.querySelector("[role=toolbar]").cloneNode(true);
  bar.setAttribute("aria-label", name ? `${tools.dataset.toolbar}: ${name}` : tools.dataset.toolbar);
  bar.setAttribute("aria-controls", editor.view.dom.id);
  const buttons = [...bar.querySelectorAll("button")];
  const shown = () => buttons.filter((button) => !button.hidden);
  // One stop for the tab key; the arrows go between the buttons.
  const stop = (button) => {
    for (const other of buttons) other.tabIndex = other === button ? 0 : -1;
  };
  for (const button of buttons) {
    button.addEventListener("mousedown", (event) => event.preventDefault()); // what is marked stays marked
    button.addEventListener("click", () => {
      stop(button);
      doing[button.dataset.do](editor, place);
    });
  }
  bar.addEventListener("keydown", (event) => {
    const row = shown();
    const at = row.indexOf(document.activeElement);
    const steps = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: row.length - 1 };
    if (event.key === "Escape") {
      editor.commands.focus();
    } else if (event.key in steps) {
      const next = row[(steps[event.key] + row.length) % row.length];
      stop(next);
      next.focus();
    } else {
      return;
    }
    event.preventDefault();
  });
  const refresh = () => {
    const inTable = editor.isActive("table");
    const when = { table: inTable, "no-table": !inTable, list: editor.isActive("listItem") };
    for (const button of buttons) {
      if (button.dataset.when) button.hidden = !when[button.dataset.when];
      if (active[button.dataset.do]) button.setAttribute("aria-pressed", editor.isActive(...active[button.dataset.do]));
    }
    if (!shown().some((button) => button.tabIndex === 0)) stop(shown()[0]);
  };
  editor.on("transaction", refresh);
  stop(buttons[0]);
  refresh();
  place.prepend(bar);
  return bar;
};

/* --- The editor --------------------------------------------------------------------------------------------- */
const html = (editor) => (editor.isEmpty ? "" : editor.getHTML());

// Lets the editor say something else and touches only what differs: the cursor stays where it was, and undo works.
const replace = (editor, text) => {
  const { state, schema, view } = editor;
  const next = pm.model.DOMParser.fromSchema(schema).parse(parse(text).body);
  const from = state.doc.content.findDiffStart(next.content);
  if (from === null) return;
  let { a, b } = state.doc.content.findDiffEnd(next.content);
  const overlap = from - Math.min(a, b);
  if (overlap > 0) {
    a += overlap;
    b += overlap;
  }
  view.dispatch(state.tr.replace(from, a, next.slice(from, b)));
};

const start = (textarea) => {
  const { id } = textarea;
  const label = document.querySelector(`label[for="${CSS.escape(id)}"]`);
  label.id ||= `${id}-label`;
  const place = document.createElement("div");
  place.className = `editor${textarea.classList.contains("is-invalid") ? " is-invalid" : ""}`;
  textarea.before(place);
  place.append(textarea);
  textarea.id = `${id}-html`;
  const attributes = {
    id, role: "textbox", "aria-multiline": "true", "aria-labelledby": label.id, tabindex: "0",
    "aria-keyshortcuts": "Alt+F10",
  };
  for (const name of ["aria-describedby", "aria-invalid"]) {
    if (textarea.hasAttribute(name)) attributes[name] = textarea.getAttribute(name);
  }
  let bar;
  let isOurs = false; // what the page puts there itself is not typed by anybody
  const editor = new Editor({
    element: place,
    extensions,
    content: textarea.value,
    injectCSS: false, // a style element would be against the content security policy; it stands in editor.css
    enableInputRules: true,
    editorProps: {
      attributes,
      transformPastedHTML: tidyPasted,
      handlePaste(view, event) {
        const pasted = event.clipboardData?.getData("text/plain") ?? "";
        if (pasted.length <= MOST_PASTED) return false;
        textarea.dispatchEvent(new CustomEvent("rich-text:refused", { bubbles: true, detail: tools.dataset.tooMuch }));
        return true;
      },
      handleKeyDown(view, event) {
        if (event.altKey && event.key === "F10") {
          bar.querySelector("button[tabindex='0']").focus();
        } else if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
          linkDialog(editor, place);
        } else {
          return false;
        }
        event.preventDefault();
        return true;
      },
    },
    onUpdate() {
      textarea.value = html(editor);
      if (!isOurs) textarea.dispatchEvent(new Event("input", { bubbles: true }));
    },
  });
  bar = addToolbar(editor, place, label.textContent.trim());
  label.addEventListener("click", () => editor.commands.focus());
  textarea.richText = {
    html: () => html(editor),
    replace(text) {
      isOurs = true;
      replace(editor, text);
      isOurs = false;
    },
  };
};

for (const textarea of document.querySelectorAll("textarea[data-editor]")) start(textarea);
document.dispatchEvent(new CustomEvent("rich-text:ready"));
