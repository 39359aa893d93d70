/** The Communications Hub Firmware Portal for programs: a thin layer over its description. */

export type { Secret } from "./access.js";
export { FileCursor, follow, MemoryCursor } from "./following.js";
export type { Batch, Cursor, FollowOptions } from "./following.js";
export type { components, operations, paths } from "./generated/description.js";
export { Portal } from "./portal.js";
export type { Hubs, Order, PortalOptions, Schemas } from "./portal.js";
export { AccessRefused, CursorExpired, NoStream, NotGenuine, Refused } from "./refusals.js";
export { Webhook } from "./webhooks.js";
