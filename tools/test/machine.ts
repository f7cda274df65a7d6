import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** The one command that brings everything the tests can use on Debian; Ubuntu has `chromium` in place of the headless shell. */
export const INSTALL =
  "sudo apt-get install -y mariadb-server galera-4 rsync chromium-headless-shell fonts-noto-cjk tmux libreoffice-calc-nogui";

/** Programs that show pages, the cheapest first: the shell is the same engine without a window's own pages, and takes a quarter less. */
export const BROWSERS = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"] as const;

/** Where distributions put the library that makes a MariaDB a node of a cluster. */
export const GALERA = ["/usr/lib/galera/libgalera_smm.so", "/usr/lib64/galera-4/libgalera_smm.so"];

const SYSTEM_FOLDERS = ["/usr/local/sbin", "/usr/sbin", "/sbin"]; // database servers live where a user's PATH does not look

/** What this machine lacks, as sentences that say which tests cannot run without it. */
export function missingHere(path: string = process.env.PATH ?? ""): string[] {
  const folders = [...path.split(delimiter), ...SYSTEM_FOLDERS];
  const has = (...names: string[]) => folders.some((folder) => names.some((name) => isExecutable(join(folder, name))));
  return [
    ...(has("mariadbd", "mysqld")
      ? []
      : ["MariaDB is not installed: the tests that need it cannot run (SQLite ones do)."]),
    ...(GALERA.some((path) => existsSync(path)) && has("rsync")
      ? []
      : ["Galera is not installed: the tests with three database nodes cannot run."]),
    ...(has(...BROWSERS) ? [] : ["Chromium is not installed: the tests of the pages in a browser cannot run."]),
    ...(has("soffice") ? [] : ["LibreOffice is not installed: the tests that open exported files with it cannot run."]),
    ...(has("tmux") ? [] : ["tmux is not installed: the test of the terminal client's full screen cannot run."]),
  ];
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
