import {
  createDeframer645,
  type Decoded645,
  type Deframer645,
  decodeFrame645,
  encodeFrame645,
  type Frame645,
  framesIn645,
} from "../dlt645/frame.ts";

/** A frame of the 1997 edition: the layout, checksum and +33H of 2007, with other function codes and 2-byte identifiers. */
export type Frame97 = Frame645;

/** What {@link decodeFrame97} found. */
export type Decoded97 = Decoded645;

/** The stream side. */
export type Deframer97 = Deframer645;

/** The frame on the wire, led in by wake-up bytes; 1997 meters want one to four of them (§5.2). */
export const encodeFrame97: (frame: Frame97, preamble?: number) => Uint8Array = encodeFrame645;

/** Reads one frame at the beginning of the bytes. */
export const decodeFrame97: (bytes: Uint8Array) => Decoded97 = decodeFrame645;

/** Finds frames in a stream, whatever its cuts. */
export const createDeframer97: () => Deframer97 = createDeframer645;

/** Every frame in a closed piece of bytes. */
export const framesIn97: (bytes: Uint8Array) => Frame97[] = framesIn645;
