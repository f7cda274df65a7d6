import { createContext, type ReactNode, useContext } from "react";
import type { Me } from "#contract/session.ts";
import type { Permission } from "#domain/permission.ts";
import { MASKED, MISSING } from "./format.ts";

/** Who is logged in; null outside of the shell. */
export const MeContext = createContext<Me | null>(null);

/** True when the user may do it, or any of several things. The server checks again. */
export function useCan(permission: Permission | readonly Permission[]): boolean {
  const has = useContext(MeContext)?.permissions ?? [];
  return [permission].flat().some((each) => has.includes(each));
}

/** What stands for a price or cost that the server did not tell: that nobody knows it, or that one may not see it. */
export function useNoPrice(): string {
  return useCan("price.see") ? MISSING : MASKED;
}

/** Shows its children only to those who may do it. */
export function Can({ do: permission, children }: { do: Permission; children: ReactNode }) {
  return useCan(permission) ? children : null;
}
