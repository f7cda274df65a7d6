import { type Bytes, toHex } from "#protocol/bytes.ts";
import { decodeAnswer188, decodeRequest188, expects188, purchaseIn188 } from "#protocol/cjt188/commands.ts";
import { describe188 } from "#protocol/cjt188/describe.ts";
import { createDeframer188, decodeFrame188, encodeFrame188, FRAME_188_MAX } from "#protocol/cjt188/frame.ts";
import { annotate645 } from "#protocol/dlt645/annotate.ts";
import { decodeAnswer, expects, requestedDi } from "#protocol/dlt645/commands.ts";
import { createReassembler } from "#protocol/dlt645/follow-up.ts";
import { createDeframer645, decodeFrame645, encodeFrame645, FRAME_645_MAX } from "#protocol/dlt645/frame.ts";
import { decodeGuardSettings, decodeGuardState } from "#protocol/dlt645/load-guard.ts";
import { loadRecordBlocks } from "#protocol/dlt645/load-record.ts";
import { decodeKeyUpdate, keyInfoOf } from "#protocol/dlt645/meter-key.ts";
import { decodeTopUp } from "#protocol/dlt645/prepay.ts";
import { decodeRelay, decodeRelayOrder } from "#protocol/dlt645/relay.ts";
import { decodeReply } from "#protocol/dlt645/replies.ts";
import { decodeRequest } from "#protocol/dlt645/requests.ts";
import { decodeSecurity, decodeSecurityReply } from "#protocol/dlt645/security.ts";
import { decodeSf07 } from "#protocol/dlt645/vendor-sf07.ts";
import { decodeAnswer97, decodeRequest97, expects97, writeIn97 } from "#protocol/dlt645v1997/commands.ts";
import { describe97 } from "#protocol/dlt645v1997/describe.ts";
import { createDeframer97, decodeFrame97, encodeFrame97 } from "#protocol/dlt645v1997/frame.ts";
import { items97 } from "#protocol/dlt645v1997/items.ts";
import { purchaseIn97, refundIn97, refundResultIn97, relayIn97, sf97Items } from "#protocol/dlt645v1997/sf97.ts";
import { describeFrame, describeFrames } from "#protocol/explain.ts";
import { textLines } from "#protocol/explain-text.ts";
import { describe1376 } from "#protocol/gw1376/describe.ts";
import { createDeframer1376, decodeFrame1376, encodeFrame1376, FRAME_1376_MAX } from "#protocol/gw1376/frame.ts";
import { answers, decodeTimeTag, readMessage } from "#protocol/gw1376/messages.ts";
import { decodeMeterTable } from "#protocol/gw1376/meter-table.ts";
import { createLinkDeframer, decodeLink, encodeLink, LINK_PAYLOAD_MAX } from "#protocol/link/jichao.ts";
import { remakeFrame } from "#protocol/remake.ts";
import { codec } from "./codec.ts";
import { detection, transparent } from "./dtu.ts";
import { letter188, letter645, letter1376, letterLink } from "./letter.ts";
import { must, type Target } from "./must.ts";
import type { Input } from "./mutate.ts";

/** Everything in the protocol layer that bytes from the field reach. */
export function makeTargets(): readonly Target[] {
  return [
    codec({
      name: "dlt645-2007",
      letter: letter645,
      heldMax: FRAME_645_MAX,
      decode: decodeFrame645,
      encode: encodeFrame645,
      deframer: createDeframer645,
      describe: (bytes) => describeFrame(bytes, "dlt645-2007"),
      understand: (frame) => [
        decodeAnswer(frame),
        decodeReply(frame),
        decodeRequest(frame),
        decodeRelay(frame),
        decodeRelayOrder(frame),
        decodeSecurity(frame),
        decodeSecurityReply(frame),
        decodeSf07(frame),
        decodeTopUp(frame),
        decodeKeyUpdate(frame),
        keyInfoOf(toHex(frame.data)),
        loadRecordBlocks(frame.data.subarray(4)),
        decodeGuardSettings(frame.data.subarray(4)),
        decodeGuardState(frame.data.subarray(4)),
        createReassembler(frame).take({ ...frame, control: frame.control | 0x80 }),
        requestedDi(frame),
        expects(frame, frame),
      ],
    }),
    codec({
      name: "dlt645-1997",
      letter: letter645,
      heldMax: FRAME_645_MAX,
      decode: decodeFrame97,
      encode: encodeFrame97,
      deframer: createDeframer97,
      describe: describe97,
      understand: (frame) => [
        decodeRequest97(frame),
        decodeAnswer97(frame, items97),
        decodeAnswer97(frame, sf97Items),
        expects97(frame, frame),
        written97(frame.data),
        refundResultIn97(frame.data),
      ],
    }),
    codec({
      name: "cjt188",
      letter: letter188,
      heldMax: FRAME_188_MAX,
      decode: decodeFrame188,
      encode: encodeFrame188,
      deframer: createDeframer188,
      describe: describe188,
      understand: (frame) => [
        decodeRequest188(frame),
        decodeAnswer188(frame),
        decodeAnswer188(frame, "low-first"),
        expects188(frame, frame),
        purchaseIn188(frame.data),
      ],
    }),
    codec({
      name: "qgdw1376.1",
      letter: letter1376,
      heldMax: FRAME_1376_MAX,
      decode: decodeFrame1376,
      encode: encodeFrame1376,
      deframer: createDeframer1376,
      describe: describe1376,
      understand: (frame) => [
        readMessage(frame),
        decodeMeterTable(frame),
        decodeTimeTag(frame.tp),
        answers(frame, frame),
      ],
    }),
    codec({
      name: "jcp1",
      letter: letterLink,
      // The CRC may be right and the payload still none: then no frame is the right answer.
      mayRefuse: true,
      heldMax: LINK_PAYLOAD_MAX + 10,
      decode: (bytes) => ({ preamble: 0, ...decodeLink(bytes) }),
      encode: encodeLink,
      deframer: () => ({ ...createLinkDeframer(), flush: () => [] }),
      describe: (bytes) => describeFrame(bytes, "jcp1"),
      understand: () => [],
    }),
    transparent(),
    detection(),
    { name: "explain", accepts: explained },
  ];
}

/** What the makers' tables read in a write. */
function written97(data: Bytes): unknown[] {
  const write = writeIn97(data);
  return write === null ? [] : [relayIn97(write), purchaseIn97(write), refundIn97(write)];
}

/** Longer pieces are not what a person pastes; describing tries every place in them. */
const PASTED_MAX = 600;

/** Describing for people is the slowest by far; inputs of every fourth length are enough of it. */
const EXPLAINED_ONE_IN = 4;

function explained({ bytes }: Input): boolean {
  if (bytes.length % EXPLAINED_ONE_IN !== 0) return false;
  const descriptions = describeFrames(bytes.subarray(0, PASTED_MAX));
  for (const description of descriptions) {
    must(textLines(description).length > 0, "described without a word");
    const again = remakeFrame(JSON.parse(JSON.stringify(description)));
    // JCP/1 frames hold secrets and clocks in words; they are not made again from those.
    must(!description.ok || description.protocol === "jcp1" || again.ok, "a description that makes no frame");
  }
  annotate645(bytes);
  return descriptions.some((description) => description.ok);
}
