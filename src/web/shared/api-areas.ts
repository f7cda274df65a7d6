import type { AreaMovePreview, AreaMoveRequest, AreaTree } from "#contract/areas.ts";
import { call, get } from "./api.ts";

export const getAreaTree = () => get<AreaTree>("/api/areas/tree");
export const getAreaMovePreview = (areaId: number, parentId: number) =>
  get<AreaMovePreview>(`/api/areas/${areaId}/move-preview?parentId=${parentId}`);
export const postAreaMove = (areaId: number, request: AreaMoveRequest) =>
  call<AreaTree>("POST", `/api/areas/${areaId}/move`, { body: request });

/** Keys of what the pages keep about the tree of areas. */
export const areaKeys = {
  tree: ["area-tree"] as const,
  preview: (areaId: number, parentId: number) => ["area-tree", "preview", areaId, parentId] as const,
};
