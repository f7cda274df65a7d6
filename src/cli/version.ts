import { SOFTWARE_VERSION } from "#base/version.ts";
import { releaseIn } from "#system/release.ts";

/** The version as on the foot of every page; of an unpacked release in `folder` also what it was made of and for. */
export function versionText(folder: string): string {
  const release = releaseIn(folder);
  const made = release === null ? "" : ` (${release.source}, ${release.platform}, Node ${release.node})`;
  return `集抄 Jichao ${SOFTWARE_VERSION}${made}`;
}
