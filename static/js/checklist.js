/* Long lists of names: a search field, "mark all that show", and a count. Without this all names are simply there. */
for (const list of document.querySelectorAll(".checklist")) {
  const items = [...list.querySelectorAll(".form-check")];
  const boxes = items.map((item) => item.querySelector("input"));
  const search = list.querySelector("input[type=search]");
  const count = list.querySelector(".checklist__count span");

  const showCount = () => {
    count.textContent = boxes.filter((box) => box.checked).length;
  };

  search.addEventListener("input", () => {
    const wanted = search.value.trim().toLocaleLowerCase("sv");
    for (const item of items) {
      item.hidden = !item.textContent.toLocaleLowerCase("sv").includes(wanted);
    }
  });
  // Enter in the search field must not send the form half filled.
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault();
  });
  list.querySelector("button").addEventListener("click", () => {
    for (const item of items) {
      if (!item.hidden) item.querySelector("input").checked = true;
    }
    showCount();
  });
  list.addEventListener("change", showCount);

  list.querySelector(".checklist__search").hidden = items.length <= 10;
  list.querySelector(".checklist__tools").hidden = false;
  showCount();
}
