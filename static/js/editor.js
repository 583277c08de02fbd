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

// The tab key leaves the editor, as it leaves every field. In a table it goes to the next cell, and from the last one
// it leaves: who writes without a mouse is not caught there.
const tabbing = (extension, keys, more = {}) =>
  extension.extend({
    addKeyboardShortcuts() {
      const { Tab, "Shift-Tab": back, ...rest } = this.parent?.() ?? {};
      return { ...rest, ...keys(this.editor) };
    },
    ...more,
  });
const betweenCells = (editor) => ({
  Tab: () => editor.commands.goToNextCell(),
  "Shift-Tab": () => editor.commands.goToPreviousCell(),
});

// No more than the portal keeps (jarfalla/rich_text/tree.py): what the editor shows is what is saved and printed.
const inList = { content: "paragraph (paragraph | bulletList | orderedList)*" };
const inCell = { content: "(paragraph | bulletList | orderedList)+" };

const extensions = [
  Document, Paragraph, Text, Bold, Italic, HardBreak, BulletList, OrderedList, Gapcursor, History,
  tabbing(ListItem, () => ({}), inList),
  Heading.configure({ levels: [3] }),
  Link.extend({ addKeyboardShortcuts: () => ({}) }).configure({
    openOnClick: false, enableTarget: false, protocols: ["http", "https", "mailto", "tel"],
  }),
  tabbing(Table, betweenCells).configure({ resizable: false }), TableRow, TableHeader.extend(inCell),
  TableCell.extend(inCell),
];

/* --- What Word puts on the clipboard ---------------------------------------------------------------------- */
// A style may not stand in the page, not even in what is about to be thrown away: the policy would complain.
const unstyled = (html) => html.replace(/<[^>]*>/g, (tag) => tag.replace(/\sstyle\s*=/gi, " data-style="));
const parse = (html) => new DOMParser().parseFromString(unstyled(html), "text/html");
const styleOf = (element) => element.dataset.style ?? "";
const renamed = (element, tag) => {
  const same = element.ownerDocument.createElement(tag);
  same.append(...element.childNodes);
  return same;
};

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

// A table in a table, and one of a single row, is what stands in its cells.
const flatTables = (body) => {
  for (const table of [...body.querySelectorAll("table")].reverse()) {
    for (const caption of [...table.querySelectorAll("caption")]) table.before(renamed(caption, "p"));
    if (table.parentElement.closest("table") || table.rows.length < 2 || !table.textContent.trim()) {
      for (const cell of [...table.querySelectorAll("td, th")]) table.before(renamed(cell, "div"));
      table.remove();
    }
  }
};

// An item whose first words stand in a list of its own gives that list's items the place.
const headless = (item) => {
  const [inner] = item.children;
  const before = item.ownerDocument.createRange();
  before.setStartBefore(item.firstChild);
  before.setEndBefore(inner);
  if (before.toString().trim()) return;
  item.before(...inner.children);
  inner.remove();
  if (!item.textContent.trim()) item.remove();
};

// A table in a list parts it: items before the table, and items after.
const partLists = (body) => {
  for (const table of [...body.querySelectorAll("li table, ul > table, ol > table")]) {
    let list = table;
    for (let at = table; at; at = at.parentElement.closest("ul, ol")) list = at;
    const range = body.ownerDocument.createRange();
    range.setStartAfter(table);
    range.setEndAfter(list);
    list.after(table, range.extractContents());
    for (const part of [list, table.nextElementSibling]) {
      for (const place of [part, ...part.querySelectorAll("li, ul, ol, p, div")].reverse()) {
        if (!place.textContent.trim()) place.remove();
        else if (place.matches("li") && place.firstElementChild?.matches("ul, ol")) headless(place);
      }
    }
  }
};

const tidyPasted = (html) => {
  const { body } = parse(html);
  wordLists(body);
  styledMarks(body);
  flatTables(body);
  partLists(body);
  for (const heading of body.querySelectorAll("h1, h2, h3, h4, h5, h6")) {
    heading.replaceWith(renamed(heading, heading.closest("li, td, th") ? "p" : "h3"));
  }
  // The header row of a table is its first, however Word marked it.
  for (const table of body.querySelectorAll("table")) {
    for (const cell of table.querySelector("tr")?.querySelectorAll("td") ?? []) cell.replaceWith(renamed(cell, "th"));
  }
  return body.innerHTML;
};

// What has a table in it, pasted with the cursor in a list, stands after the list.
const afterList = ($at) => {
  for (let depth = 1; depth <= $at.depth; depth += 1) {
    if (/List$/.test($at.node(depth).type.name)) return $at.after(depth);
    if ($at.node(depth).type.name === "table") return null;
  }
  return null;
};

const pasteTable = (view, slice) => {
  let hasTable = false;
  slice.content.descendants((node) => { hasTable ||= /^table/.test(node.type.name); });
  const place = hasTable ? afterList(view.state.selection.$from) : null;
  if (place === null) return false;
  const tr = view.state.tr.deleteSelection();
  const [at, steps] = [tr.mapping.map(place), tr.steps.length];
  tr.replace(at, at, new pm.model.Slice(slice.content, 0, 0));
  if (tr.steps.length === steps) return false;
  const end = tr.doc.resolve(tr.mapping.maps.at(-1).map(at));
  view.dispatch(tr.setSelection(pm.state.Selection.near(end, -1)).scrollIntoView());
  return true;
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
  table: (editor) => {
    const place = afterList(editor.state.selection.$from);
    const start = chain(editor);
    if (place !== null) start.insertContentAt(place, { type: "paragraph" }).setTextSelection(place + 1);
    start.insertTable({ rows: 3, cols: 3, withHeaderRow: true }).run();
  },
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
  // Whoever began to write before the editor was there goes on where they were.
  const wasWriting = document.activeElement === textarea;
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
      handlePaste(view, event, slice) {
        const pasted = event.clipboardData?.getData("text/plain") ?? "";
        if (pasted.length <= MOST_PASTED) return pasteTable(view, slice);
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
  if (wasWriting) editor.commands.focus("end");
};

for (const textarea of document.querySelectorAll("textarea[data-editor]")) start(textarea);
document.dispatchEvent(new CustomEvent("rich-text:ready"));
