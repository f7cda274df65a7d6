import { useTranslation } from "react-i18next";
import type { DayRoom } from "#contract/user-limits.ts";
import { yuan } from "#web/shared/format.ts";

/** What one's own limit leaves of today (限额), before this sale or refund; nothing for who has none. */
export function DayRoomLine({ room, of }: { room: DayRoom | null; of: "sell" | "refund" }) {
  const { t } = useTranslation();
  if (room === null) return null;
  const figures = { left: yuan(room.left), limit: yuan(room.limit), used: yuan(room.used) };
  return (
    <p className="preview-after" data-testid="day-room" data-left={room.left}>
      {t(of === "sell" ? "limits.sellToday" : "limits.refundToday", figures)}
    </p>
  );
}
