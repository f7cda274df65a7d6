import type { Socket } from "node:net";
import { createSecureContext, type SecureContextOptions, TLSSocket, type TLSSocketOptions } from "node:tls";
import type { TlsIdentities } from "./tls-identities.ts";

/** What became of a handshake: the socket inside TLS and the code that it proved, or why not. */
export type Secured = { ok: true; socket: TLSSocket; code: string } | { ok: false; why: string };

/** Brings callers into TLS 1.3, each under a key or a certificate of its own. */
export type TlsDoor = { secure(raw: Socket, timeoutMs: number): Promise<Secured> };

/** A key of its own is taken under the one cipher whose hash OpenSSL binds such keys to. */
const PSK_CIPHERS = "TLS_AES_128_GCM_SHA256:PSK";
const ALL_CIPHERS = `TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:PSK`;
/** The types of Node leave out what its sockets take. */
type ServerOptions = TLSSocketOptions & { pskCallback(socket: TLSSocket, identity: string): Uint8Array | null };

/**
 * `certificate`: our own, in PEM, for devices that want to see one; without it only keys are taken. Certificates of devices are not
 * signed by anybody we would have to trust: each is known by its fingerprint in the archive.
 */
export function createTlsDoor(options: {
  identities: TlsIdentities;
  certificate: { cert: string; key: string } | null;
}): TlsDoor {
  const { identities, certificate } = options;
  const context: SecureContextOptions = {
    minVersion: "TLSv1.3",
    ciphers: certificate ? ALL_CIPHERS : PSK_CIPHERS,
    sessionIdContext: "jichao-link",
    ...certificate,
  };
  const secureContext = createSecureContext(context);

  function secure(raw: Socket, timeoutMs: number): Promise<Secured> {
    const { promise, resolve } = Promise.withResolvers<Secured>();
    // The last key that was given is the one that the handshake has been held against.
    let offered: string | null = null;
    const settings: ServerOptions = {
      isServer: true,
      secureContext,
      requestCert: certificate !== null,
      rejectUnauthorized: false,
      pskCallback(_, identity) {
        const psk = identities.pskOf(identity);
        if (psk !== null) offered = identity;
        return psk;
      },
    };
    const socket = new TLSSocket(raw, settings);
    const timer = setTimeout(() => refuse("timeout"), timeoutMs);
    const refuse = (why: string) => {
      clearTimeout(timer);
      resolve({ ok: false, why });
      socket.destroy();
      raw.destroy();
    };
    socket.once("secure", () => {
      const code = offered ?? codeOfCertificate(socket);
      if (code === null) return refuse("tls_unknown_device");
      clearTimeout(timer);
      resolve({ ok: true, socket, code });
    });
    socket.on("error", (error: NodeJS.ErrnoException) => refuse(error.code ?? "tls_failed"));
    socket.once("close", () => refuse("hung_up"));
    return promise;
  }

  function codeOfCertificate(socket: TLSSocket): string | null {
    // Whoever comes back with a ticket has shown no certificate this time; an empty object stands for none.
    const { fingerprint256 } = socket.getPeerCertificate() as { fingerprint256?: string };
    return fingerprint256 === undefined || socket.isSessionReused() ? null : identities.codeOf(fingerprint256);
  }

  return { secure };
}
