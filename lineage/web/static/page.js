// Keeps the page up to date: fetches it again and exchanges the sections that changed.
"use strict";

const seconds = Number(document.currentScript.dataset.seconds);
const state = document.getElementById("state");

function isBeingRead(section) {
  const selection = getSelection();
  return section.contains(document.activeElement) || (!selection.isCollapsed && section.contains(selection.anchorNode));
}

async function refresh() {
  const response = await fetch(location.pathname, { headers: { Accept: "text/html" } });
  if (!response.ok) throw new Error(`status ${response.status}`);
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const section of document.querySelectorAll("main > section")) {
    const other = fresh.getElementById(section.id);
    if (other && other.innerHTML !== section.innerHTML && !isBeingRead(section)) section.innerHTML = other.innerHTML;
  }
}

async function keepUpToDate() {
  if (!document.hidden) {
    try {
      await refresh();
      state.textContent = "live";
    } catch {
      state.textContent = "not reachable; trying again";
    }
    state.classList.toggle("lost", state.textContent !== "live");
  }
  setTimeout(keepUpToDate, seconds * 1000);
}

setTimeout(keepUpToDate, seconds * 1000);
