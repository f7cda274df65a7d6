// Runs before anything is painted, so that a dark page never flashes white. The rest of the theme is in src/web/shared/theme.ts.
(() => {
  let choice = null;
  try {
    choice = localStorage.getItem("jichao.theme");
  } catch {
    // storage is closed here: as the system has it
  }
  const isDark = choice === "dark" || (choice !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = isDark ? "dark" : "light";
})();
