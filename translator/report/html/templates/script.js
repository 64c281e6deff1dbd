"use strict";
(() => {
  const $ = (id) => document.getElementById(id);

  // A link into something folded opens it.
  const reveal = (id) => {
    const found = id && $(decodeURIComponent(id));
    if (!found) return;
    for (let one = found; one; one = one.parentElement) if (one.tagName === "DETAILS") one.open = true;
    found.scrollIntoView({ block: "center" });
  };
  addEventListener("hashchange", () => reveal(location.hash.slice(1)));
  if (location.hash) reveal(location.hash.slice(1));

  // Lines of the two sides that mean the same light up together.
  let lit = [];
  const light = (event) => {
    for (const one of lit) one.classList.remove("tied");
    const line = event.target.closest && event.target.closest("[data-to]");
    lit = line ? line.dataset.to.split(" ").map($).filter(Boolean) : [];
    for (const one of lit) one.classList.add("tied");
  };
  document.addEventListener("mouseover", light);
  document.addEventListener("focusin", light);

  // On paper everything is open.
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    for (const one of opened) one.open = true;
  });
  addEventListener("afterprint", () => {
    for (const one of opened) one.open = false;
  });

  const search = $("search");
  if (!search) return;
  const form = search.form;
  const causes = [...document.querySelectorAll(".cause")].map((el) => ({
    el,
    severity: el.dataset.s,
    area: el.dataset.a,
    findings: [...el.querySelectorAll(":scope > .f")].map((f) => ({ el: f, spaces: f.dataset.n.split(" "), text: null })),
    text: null,
  }));
  const total = causes.reduce((sum, cause) => sum + cause.findings.length, 0);
  const count = (n, noun) => `${n} ${noun}${n === 1 ? "" : "s"}`;

  const index = () => {
    for (const cause of causes) {
      if (cause.text !== null) continue;
      const head = cause.el.firstElementChild;
      cause.text = `${head.textContent} ${head.nextElementSibling.textContent}`.toLowerCase();
      for (const one of cause.findings) one.text = one.el.textContent.toLowerCase();
    }
  };

  let searched = false;
  const apply = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const severities = new Set([...form.querySelectorAll("[name=severity]:checked")].map((box) => box.value));
    const space = $("namespace").value;
    const area = $("area").value;
    if (words.length) index();
    let shown = 0;
    let kinds = 0;
    for (const cause of causes) {
      let here = 0;
      if (severities.has(cause.severity) && (!area || area === cause.area)) {
        const rest = words.filter((word) => !cause.text.includes(word));
        for (const one of cause.findings) {
          const fits = (!space || one.spaces.includes(space)) && rest.every((word) => one.text.includes(word));
          if (one.el.hidden === fits) one.el.hidden = !fits;
          if (fits) here += 1;
        }
      }
      cause.el.hidden = here === 0;
      if (words.length && !searched && here) cause.el.open = true;
      shown += here;
      if (here) kinds += 1;
    }
    searched = words.length > 0;
    $("none").hidden = shown > 0;
    $("shown").textContent = shown === total
      ? `${count(total, "finding")} of ${count(kinds, "cause")}`
      : `${shown} of ${count(total, "finding")}, ${kinds} of ${count(causes.length, "cause")}`;
  };

  let asked = 0;
  const soon = () => {
    cancelAnimationFrame(asked);
    asked = requestAnimationFrame(apply);
  };
  form.addEventListener("input", soon);
  form.addEventListener("reset", () => setTimeout(apply));
  form.addEventListener("submit", (event) => event.preventDefault());
  $("open-all").addEventListener("click", () => {
    for (const cause of causes) if (!cause.el.hidden) cause.el.open = true;
  });
  $("close-all").addEventListener("click", () => {
    for (const cause of causes) cause.el.open = false;
  });
  for (const one of document.querySelectorAll("[data-field]")) {
    one.addEventListener("click", () => {
      form.reset();
      $(one.dataset.field).value = one.dataset.value;
      apply();
      form.scrollIntoView({ block: "center" });
    });
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) {
      event.preventDefault();
      search.focus();
    }
  });
  apply();
})();
