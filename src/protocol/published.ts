/**
 * What other programs get from `import … from "jichao/protocol"`: the codecs in both directions, their tables, and the
 * descriptions for people. Inside the house nobody imports this file; a thing is imported from where it lives.
 *
 * @packageDocumentation
 */
export * from "./bytes.ts";
export * from "./ciphers.ts";
export * from "./cjt188/commands.ts";
export * from "./cjt188/describe.ts";
export * from "./cjt188/frame.ts";
export * from "./cjt188/items.ts";
export * from "./cjt188/readings.ts";
export * from "./cjt188/units.ts";
export * from "./description.ts";
export * from "./dlt645/annotate.ts";
export * from "./dlt645/commands.ts";
export * from "./dlt645/control.ts";
export * from "./dlt645/describe.ts";
export * from "./dlt645/follow-up.ts";
export * from "./dlt645/frame.ts";
export * from "./dlt645/functions.ts";
export * from "./dlt645/item.ts";
export * from "./dlt645/items.ts";
export * from "./dlt645/load-record.ts";
export * from "./dlt645/meter-key.ts";
export * from "./dlt645/prepay.ts";
export * from "./dlt645/relay.ts";
export * from "./dlt645/replies.ts";
export * from "./dlt645/requests.ts";
export * from "./dlt645/security.ts";
export * from "./dlt645/status.ts";
export * from "./dlt645/vendor-sf07.ts";
export * from "./dlt645v1997/commands.ts";
export * from "./dlt645v1997/describe.ts";
export * from "./dlt645v1997/frame.ts";
export * from "./dlt645v1997/item.ts";
export * from "./dlt645v1997/items.ts";
export * from "./dlt645v1997/readings.ts";
export * from "./dlt645v1997/sf97.ts";
export * from "./dlt645v1997/status.ts";
export * from "./explain.ts";
export * from "./explain-bytes.ts";
export * from "./explain-text.ts";
export * from "./gw1376/describe.ts";
export * from "./gw1376/frame.ts";
export * from "./gw1376/messages.ts";
export * from "./gw1376/meter-table.ts";
export * from "./gw1376/names.ts";
export * from "./gw1376/points.ts";
export * from "./link/detect.ts";
export * from "./link/dtu-pattern.ts";
export * from "./link/jichao.ts";
export * from "./link/messages.ts";
export * from "./link/serial.ts";
export * from "./link/transparent.ts";
export * from "./profiles/profile.ts";
export * from "./profiles.ts";
export * from "./remake.ts";
