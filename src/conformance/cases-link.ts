import { concat, equalBytes, fromHex, toHex } from "#protocol/bytes.ts";
import { encodeRead } from "#protocol/dlt645/commands.ts";
import { encodeFrame645 } from "#protocol/dlt645/frame.ts";
import { di } from "#protocol/dlt645/items.ts";
import { encodeLink, SERIAL_2400_8E1 } from "#protocol/link/jichao.ts";
import type { LinkMessage } from "#protocol/link/messages.ts";
import type { Bench, Case } from "./case.ts";
import { must } from "./failed.ts";
import type { LinkHost, LinkPeer } from "./link-host.ts";

const HEARTBEAT_SECONDS = 2;
const SOON_MS = 5_000;
const TIMEOUT_MS = 1_500;
const GAP_MS = 100;
/** How long to listen for what must not come. */
const NOTHING_MS = 700;
const NO_SUCH_PORT = 250;
const SILENT_METER = "999999999998";
const STATUS = { answered: 0, timeout: 1, busy: 2, noPort: 3 } as const;

/** The link JCP/1 of a concentrator that dials. These hang up on it and let it dial again. */
export const linkCases: readonly Case[] = [
  {
    id: "L-01",
    section: "1.3",
    zh: "HELLO 在先,AUTH 证明链路密钥",
    en: "HELLO comes first, and AUTH proves the link key",
    needs: "link",
    async run(bench) {
      const { hello } = await host(bench).peer();
      must(/^[\x21-\x7e]{1,32}$/.test(hello.id), `its code is "${hello.id}"`);
    },
  },
  {
    id: "L-02",
    section: "1.3 (5)",
    zh: "WELCOME 的 MAC 错:挂断,此前不转发任何字节,随后重新拨入",
    en: "a wrong MAC in WELCOME: it hangs up, carries nothing, and dials again",
    needs: "link",
    async run(bench) {
      (await host(bench).peer()).hangUp();
      const peer = await host(bench).fresh({ wrongMac: true });
      forward(bench, peer, 1, bench.meter.address);
      must(await peer.hasHungUp(SOON_MS), "it stayed with a collector that proved nothing");
      must(peer.pending("forwarded") === 0, "it carried a request of a collector that proved nothing");
      await host(bench).fresh();
    },
  },
  {
    id: "L-03",
    section: "1.3 (1)",
    zh: "每次 HELLO 的随机数都是新的",
    en: "the nonce of each HELLO is a fresh one",
    needs: "link",
    async run(bench) {
      (await host(bench).peer()).hangUp();
      await host(bench).fresh();
      const seen = host(bench).nonces.map((nonce) => toHex(nonce));
      must(seen.length >= 2 && new Set(seen).size === seen.length, "a nonce came twice");
    },
  },
  {
    id: "L-04",
    section: "1.4",
    zh: "按 WELCOME 的周期发 PING,总线忙时也不断",
    en: "PING in the time that WELCOME asks for, also while a bus is busy",
    needs: "link",
    async run(bench) {
      (await host(bench).peer()).hangUp();
      const peer = await host(bench).fresh({ heartbeatSeconds: HEARTBEAT_SECONDS });
      forward(bench, peer, 1, SILENT_METER, 2 * HEARTBEAT_SECONDS * 1_000);
      for (const which of ["first", "second"]) {
        must(
          (await peer.next("ping", 2 * HEARTBEAT_SECONDS * 1_000)) !== null,
          `the ${which} PING did not come in time`,
        );
      }
      must((await peer.next("forwarded", 2 * SOON_MS, 1)) !== null, "the FORWARD meanwhile was not answered");
      peer.hangUp();
      await host(bench).fresh();
    },
  },
  {
    id: "L-05",
    section: "1.4",
    zh: "收到 PING 回 PONG,序号相同",
    en: "a PING is answered by a PONG with its sequence number",
    needs: "link",
    run: async (bench) => mustPong(await host(bench).peer(), 4711),
  },
  {
    id: "L-06",
    section: "1.1",
    zh: "乱码、错误 CRC、未知类型都跳过,之后的帧照常处理",
    en: "garbage, a wrong CRC and an unknown type are passed over, and the next frame is understood",
    needs: "link",
    async run(bench) {
      const peer = await host(bench).peer();
      const clockMs = bench.clock();
      const broken = encodeLink({ seq: 9, message: { type: "ping", rssi: 0, queue: 0, clockMs } });
      broken[broken.length - 1] = (broken[broken.length - 1] ?? 0) ^ 1;
      peer.raw(fromHex("4A 00 4A 43 4A 43 09 FF FF FF FF 00") ?? new Uint8Array());
      peer.raw(broken);
      peer.send({ type: "unknown", code: 0x66, payload: Uint8Array.of(1, 2, 3) }, 10);
      await mustPong(peer, 11);
      must((await peer.next("pong", NOTHING_MS, 9)) === null, "it answered a frame with a wrong CRC");
    },
  },
  {
    id: "L-07",
    section: "1.5",
    zh: "逐字节到达的 FORWARD、两帧粘在一起:都照常处理,每个请求恰好一个应答",
    en: "FORWARD in single bytes, and two frames in one piece: both are understood, and each request gets exactly one answer",
    needs: "link",
    async run(bench) {
      const peer = await host(bench).peer();
      for (const byte of encodeLink({ seq: 21, message: question(bench, bench.meter.address) })) {
        peer.raw(Uint8Array.of(byte));
        await bench.pause(1);
      }
      const told = await peer.next("forwarded", TIMEOUT_MS + SOON_MS, 21);
      must(told?.message.status === STATUS.answered, `in single bytes: ${status(told)}`);
      const ping: LinkMessage = { type: "ping", rssi: 0, queue: 0, clockMs: bench.clock() };
      peer.raw(
        concat(
          encodeLink({ seq: 22, message: ping }),
          encodeLink({ seq: 23, message: question(bench, bench.meter.address) }),
        ),
      );
      must((await peer.next("pong", SOON_MS, 22)) !== null, "the first of two frames was lost");
      must((await peer.next("forwarded", TIMEOUT_MS + SOON_MS, 23)) !== null, "the second of two frames was lost");
      must((await peer.next("forwarded", NOTHING_MS)) === null, "a request was answered twice");
    },
  },
  {
    id: "L-08",
    section: "1.5",
    zh: "内容原样往返:应答就是表计的那一帧",
    en: "content comes back unchanged: it is the meter's very frame",
    needs: "link",
    async run(bench) {
      const peer = await host(bench).peer();
      const asked = encodeRead(bench.meter.address, di.purchaseCount);
      const direct = await bench.master.ask(asked);
      must(direct !== null, "the meter does not answer");
      peer.send(question(bench, bench.meter.address, di.purchaseCount), 31);
      const told = await peer.next("forwarded", TIMEOUT_MS + SOON_MS, 31);
      const content = told?.message.content ?? new Uint8Array();
      const frame = encodeFrame645(direct, 0);
      const bare = content.subarray(content.findIndex((byte) => byte !== 0xfe));
      must(equalBytes(bare, frame), `came ${toHex(content)}`);
    },
  },
  {
    id: "L-09",
    section: "1.5",
    zh: "没有的端口:状态 3",
    en: "a port that it does not have: status 3",
    needs: "link",
    async run(bench) {
      const peer = await host(bench).peer();
      peer.send({ ...question(bench, bench.meter.address), port: NO_SUCH_PORT }, 41);
      const told = await peer.next("forwarded", TIMEOUT_MS + SOON_MS, 41);
      must(told?.message.status === STATUS.noPort, status(told));
    },
  },
  {
    id: "L-10",
    section: "1.5",
    zh: "沉默的表:超时内回状态 1;期间同一端口的第二个请求回状态 2",
    en: "a silent meter: status 1 in time; a second request on the same port meanwhile: status 2",
    needs: "link",
    async run(bench) {
      const peer = await host(bench).peer();
      forward(bench, peer, 51, SILENT_METER);
      forward(bench, peer, 52, SILENT_METER);
      const second = await peer.next("forwarded", TIMEOUT_MS + SOON_MS, 52);
      must(second?.message.status === STATUS.busy, `the second: ${status(second)}`);
      const first = await peer.next("forwarded", TIMEOUT_MS + SOON_MS, 51);
      must(first?.message.status === STATUS.timeout, `the first: ${status(first)}`);
    },
  },
  {
    id: "L-11",
    section: "1.5",
    zh: "请求中途断线:旧请求的结果不出现在新连接上",
    en: "the connection lost under a request: nothing of it comes over the next one",
    needs: "link",
    async run(bench) {
      const peer = await host(bench).peer();
      forward(bench, peer, 61, SILENT_METER);
      peer.hangUp();
      const next = await host(bench).fresh();
      must(
        (await next.next("forwarded", TIMEOUT_MS + NOTHING_MS)) === null,
        "an old answer came over the new connection",
      );
    },
  },
  {
    id: "L-12",
    section: "1.6",
    zh: "收到 BYE 后挂断并重新拨入",
    en: "after BYE it hangs up and dials again",
    needs: "link",
    async run(bench) {
      const peer = await host(bench).peer();
      peer.send({ type: "bye", reason: 3 }, 0);
      must(await peer.hasHungUp(SOON_MS), "it stayed after BYE");
      await host(bench).fresh();
    },
  },
];

function host({ link }: Bench): LinkHost {
  must(link !== null, "the device does not dial");
  return link;
}

async function mustPong(peer: LinkPeer, seq: number): Promise<void> {
  peer.send({ type: "ping", rssi: 0, queue: 0, clockMs: 0 }, seq);
  must((await peer.next("pong", SOON_MS, seq)) !== null, "no PONG with the sequence number of the PING");
}

function question(bench: Bench, address: string, item: string = di.energyTotal, timeoutMs = TIMEOUT_MS) {
  const content = encodeFrame645(encodeRead(address, item), 4);
  const port = bench.link?.bus ?? 1;
  return { type: "forward" as const, port, serial: SERIAL_2400_8E1, timeoutMs, gapMs: GAP_MS, content };
}

function forward(bench: Bench, peer: LinkPeer, seq: number, address: string, timeoutMs = TIMEOUT_MS): void {
  peer.send(question(bench, address, di.energyTotal, timeoutMs), seq);
}

function status(told: { message: { status: number } } | null): string {
  return told === null ? "no FORWARDED came" : `FORWARDED with status ${told.message.status}`;
}
