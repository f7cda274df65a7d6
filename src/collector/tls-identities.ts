import { performance } from "node:perf_hooks";
import { SECOND_MS } from "#base/time.ts";
import { type Bytes, equalBytes } from "#protocol/bytes.ts";
import { linkTlsPsk } from "#protocol/link/jichao.ts";
import { type LinkArchive, linkArchive, linksThatDial } from "#store/concentrators.ts";
import type { Db } from "#store/db.ts";
import { pause } from "#system/clock.ts";
import { nodeCiphers } from "#system/crypto.ts";
import type { Log } from "#system/log.ts";

/** By what a caller has proved in TLS that it has a code. */
export type TlsProof =
  | { by: "key"; code: string; psk: Bytes }
  | { by: "certificate"; code: string; fingerprint: string };

/**
 * Who may prove what in TLS, kept in memory: the handshake asks for a key at once and cannot wait for the database. What it was held
 * against is compared with the archive afterwards, so an entry that is a little old opens no door.
 */
export type TlsIdentities = {
  /** The key of a code; null for one that nobody has. */
  pskOf(code: string): Bytes | null;
  /** The code whose certificate has this SHA-256 fingerprint, 64 hex digits. */
  codeOf(fingerprint: string): string | null;
  /** Whether the archive, as it is now, still knows the code by this: the device may have been replaced since. */
  isStill(proof: TlsProof): Promise<boolean>;
  stop(): Promise<void>;
};

const REFRESH_MS = 30 * SECOND_MS;
/** Somebody unknown may just have been entered; strangers must not make us ask all the time. */
const MISSED_REFRESH_MS = 5 * SECOND_MS;

type Entry = { keySealed: string; psk: Bytes | null };

/** Loads the identities and keeps them fresh. `keyOf` unseals the link key; null for a link without one. */
export async function loadTlsIdentities(options: {
  db: Db;
  log: Log;
  keyOf(archive: LinkArchive): Bytes | null;
}): Promise<TlsIdentities> {
  const { db, log } = options;
  let byCode = new Map<string, Entry>();
  let byFingerprint = new Map<string, string>();
  let loadedAt = 0;
  let loading: Promise<void> | null = null;
  const end = new AbortController();
  await load();
  const loop = keepFresh();

  async function load(): Promise<void> {
    loadedAt = performance.now();
    const fresh = new Map<string, Entry>();
    const fingerprints = new Map<string, string>();
    for (const archive of await linksThatDial(db.read)) {
      const { code, keySealed, tlsFingerprint } = archive;
      const known = byCode.get(code);
      // Unsealing thousands of keys takes time: only what has changed.
      fresh.set(code, known?.keySealed === keySealed ? known : { keySealed, psk: pskFrom(archive) });
      if (tlsFingerprint !== null) fingerprints.set(plainFingerprint(tlsFingerprint), code);
    }
    byCode = fresh;
    byFingerprint = fingerprints;
  }

  function pskFrom(archive: LinkArchive): Bytes | null {
    const key = options.keyOf(archive);
    return key === null || key.length === 0 ? null : linkTlsPsk(nodeCiphers, key, archive.code);
  }

  async function keepFresh(): Promise<void> {
    for (;;) {
      await pause(REFRESH_MS, end.signal);
      if (end.signal.aborted) return;
      await refresh();
    }
  }

  function refresh(): Promise<void> {
    loading ??= load()
      .catch((error: unknown) => log.warn({ error: String(error) }, "the identities for TLS could not be loaded"))
      .finally(() => {
        loading = null;
      });
    return loading;
  }

  function missed(): null {
    if (performance.now() - loadedAt > MISSED_REFRESH_MS) void refresh();
    return null;
  }

  return {
    pskOf: (code) => byCode.get(code)?.psk ?? missed(),
    codeOf: (fingerprint) => byFingerprint.get(plainFingerprint(fingerprint)) ?? missed(),
    async isStill(proof) {
      const archive = await linkArchive(db.read, proof.code);
      if (archive === null) return false;
      if (proof.by === "certificate") {
        const { tlsFingerprint } = archive;
        return tlsFingerprint !== null && plainFingerprint(tlsFingerprint) === plainFingerprint(proof.fingerprint);
      }
      const psk = pskFrom(archive);
      const still = psk !== null && equalBytes(psk, proof.psk);
      // Only who has the old key comes here: the new one must not wait for the next look.
      if (!still) void refresh();
      return still;
    },
    async stop() {
      end.abort();
      await loop;
      await loading;
    },
  };
}

function plainFingerprint(text: string): string {
  return text.replaceAll(":", "").toLowerCase();
}
