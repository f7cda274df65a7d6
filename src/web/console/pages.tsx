import { lazy, type ReactNode } from "react";
import { exportPermissions } from "#contract/export-kinds.ts";
import { type Permission, permissions } from "#domain/permission.ts";
import type { IconName } from "./icons.tsx";
import { BoardPage } from "./pages/board/board.tsx";

const AlarmsPage = lazy(() => import("./pages/alarms/alarms.tsx").then((m) => ({ default: m.AlarmsPage })));
const AlarmPage = lazy(() => import("./pages/alarms/alarm.tsx").then((m) => ({ default: m.AlarmPage })));
const AlarmRulesPage = lazy(() =>
  import("./pages/alarms/alarm-rules.tsx").then((m) => ({ default: m.AlarmRulesPage })),
);
const TrialsPage = lazy(() => import("./pages/trials/trials.tsx").then((m) => ({ default: m.TrialsPage })));
const NewTrialPage = lazy(() => import("./pages/trials/new-trial.tsx").then((m) => ({ default: m.NewTrialPage })));
const TrialPage = lazy(() => import("./pages/trials/trial.tsx").then((m) => ({ default: m.TrialPage })));
const BatchesPage = lazy(() => import("./pages/batches/batches.tsx").then((m) => ({ default: m.BatchesPage })));
const NewBatchPage = lazy(() => import("./pages/batches/new-batch.tsx").then((m) => ({ default: m.NewBatchPage })));
const BatchPage = lazy(() => import("./pages/batches/batch.tsx").then((m) => ({ default: m.BatchPage })));
const RechargePage = lazy(() => import("./pages/recharge/recharge.tsx").then((m) => ({ default: m.RechargePage })));
const RecordsPage = lazy(() => import("./pages/records/records.tsx").then((m) => ({ default: m.RecordsPage })));
const ReconcilePage = lazy(() => import("./pages/reconcile/reconcile.tsx").then((m) => ({ default: m.ReconcilePage })));
const GroupsPage = lazy(() => import("./pages/groups/groups.tsx").then((m) => ({ default: m.GroupsPage })));
const GroupPage = lazy(() => import("./pages/groups/group.tsx").then((m) => ({ default: m.GroupPage })));
const ApprovalsPage = lazy(() => import("./pages/approvals/approvals.tsx").then((m) => ({ default: m.ApprovalsPage })));
const PaymentPage = lazy(() => import("./pages/payments/payment.tsx").then((m) => ({ default: m.PaymentPage })));
const SplitPage = lazy(() => import("./pages/payments/split.tsx").then((m) => ({ default: m.SplitPage })));
const MoveOutsPage = lazy(() => import("./pages/move-outs/move-outs.tsx").then((m) => ({ default: m.MoveOutsPage })));
const MoveOutPage = lazy(() => import("./pages/move-outs/move-out.tsx").then((m) => ({ default: m.MoveOutPage })));
const BeginMoveOutPage = lazy(() =>
  import("./pages/move-outs/begin.tsx").then((m) => ({ default: m.BeginMoveOutPage })),
);
const MoveInPage = lazy(() => import("./pages/move-outs/move-in.tsx").then((m) => ({ default: m.MoveInPage })));
const CustomersPage = lazy(() => import("./pages/customers/customers.tsx").then((m) => ({ default: m.CustomersPage })));
const CustomerPage = lazy(() => import("./pages/customers/customer.tsx").then((m) => ({ default: m.CustomerPage })));
const StatementPage = lazy(() => import("./pages/customers/statement.tsx").then((m) => ({ default: m.StatementPage })));
const ShiftsPage = lazy(() => import("./pages/shifts/shifts.tsx").then((m) => ({ default: m.ShiftsPage })));
const ShiftPage = lazy(() => import("./pages/shifts/shift.tsx").then((m) => ({ default: m.ShiftPage })));
const PricesPage = lazy(() => import("./pages/prices/prices.tsx").then((m) => ({ default: m.PricesPage })));
const SupplyPage = lazy(() => import("./pages/supply/supply.tsx").then((m) => ({ default: m.SupplyPage })));
const CurrentPage = lazy(() => import("./pages/reports/current.tsx").then((m) => ({ default: m.CurrentPage })));
const MatrixPage = lazy(() => import("./pages/reports/matrix.tsx").then((m) => ({ default: m.MatrixPage })));
const DayPage = lazy(() => import("./pages/reports/day.tsx").then((m) => ({ default: m.DayPage })));
const CompletenessPage = lazy(() =>
  import("./pages/reports/completeness.tsx").then((m) => ({ default: m.CompletenessPage })),
);
const RankingPage = lazy(() => import("./pages/reports/ranking.tsx").then((m) => ({ default: m.RankingPage })));
const RunningOutPage = lazy(() =>
  import("./pages/reports/running-out.tsx").then((m) => ({ default: m.RunningOutPage })),
);
const LossesPage = lazy(() => import("./pages/reports/losses.tsx").then((m) => ({ default: m.LossesPage })));
const LossPlacePage = lazy(() => import("./pages/reports/loss-place.tsx").then((m) => ({ default: m.LossPlacePage })));
const PeriodsPage = lazy(() => import("./pages/reports/periods.tsx").then((m) => ({ default: m.PeriodsPage })));
const MeterPeriodPage = lazy(() =>
  import("./pages/reports/meter-period.tsx").then((m) => ({ default: m.MeterPeriodPage })),
);
const ReadingsPage = lazy(() => import("./pages/reports/readings.tsx").then((m) => ({ default: m.ReadingsPage })));
const DoubtsPage = lazy(() => import("./pages/doubts/doubts.tsx").then((m) => ({ default: m.DoubtsPage })));
const EvidencePage = lazy(() => import("./pages/doubts/evidence.tsx").then((m) => ({ default: m.EvidencePage })));
const GuardPage = lazy(() => import("./pages/guard/guard.tsx").then((m) => ({ default: m.GuardPage })));
const ReliabilityPage = lazy(() =>
  import("./pages/reliability/reliability.tsx").then((m) => ({ default: m.ReliabilityPage })),
);
const QuarantinePage = lazy(() =>
  import("./pages/reliability/quarantine.tsx").then((m) => ({ default: m.QuarantinePage })),
);
const SharesPage = lazy(() => import("./pages/shares/sources.tsx").then((m) => ({ default: m.SharesPage })));
const HvacPage = lazy(() => import("./pages/shares/sources.tsx").then((m) => ({ default: m.HvacPage })));
const ShareSourcePage = lazy(() => import("./pages/shares/source.tsx").then((m) => ({ default: m.ShareSourcePage })));
const HvacSourcePage = lazy(() => import("./pages/shares/source.tsx").then((m) => ({ default: m.HvacSourcePage })));
const ShareSheetPage = lazy(() => import("./pages/shares/sheet.tsx").then((m) => ({ default: m.ShareSheetPage })));
const RefundsPage = lazy(() => import("./pages/refunds/refunds.tsx").then((m) => ({ default: m.RefundsPage })));
const NewRefundPage = lazy(() => import("./pages/refunds/new-refund.tsx").then((m) => ({ default: m.NewRefundPage })));
const RefundPage = lazy(() => import("./pages/refunds/refund.tsx").then((m) => ({ default: m.RefundPage })));
const RecordPage = lazy(() => import("./pages/records/record.tsx").then((m) => ({ default: m.RecordPage })));

const ConcentratorsPage = lazy(() =>
  import("./pages/concentrators/concentrators.tsx").then((m) => ({ default: m.ConcentratorsPage })),
);
const ConcentratorPage = lazy(() =>
  import("./pages/concentrators/concentrator.tsx").then((m) => ({ default: m.ConcentratorPage })),
);
const CollectionPage = lazy(() =>
  import("./pages/concentrators/collection.tsx").then((m) => ({ default: m.CollectionPage })),
);
const AreasPage = lazy(() => import("./pages/areas/areas.tsx").then((m) => ({ default: m.AreasPage })));
const ExportsPage = lazy(() => import("./pages/exports/exports.tsx").then((m) => ({ default: m.ExportsPage })));
const ImportsPage = lazy(() => import("./pages/imports/imports.tsx").then((m) => ({ default: m.ImportsPage })));
const ImportPage = lazy(() => import("./pages/imports/import.tsx").then((m) => ({ default: m.ImportPage })));
const AccountPage = lazy(() => import("./pages/account/account.tsx").then((m) => ({ default: m.AccountPage })));
const HelpPage = lazy(() => import("./pages/help/help.tsx").then((m) => ({ default: m.HelpPage })));
const AuditPage = lazy(() => import("./pages/audit/audit.tsx").then((m) => ({ default: m.AuditPage })));
const SetupPage = lazy(() => import("./pages/setup/setup.tsx").then((m) => ({ default: m.SetupPage })));
const UsersPage = lazy(() => import("./pages/people/users.tsx").then((m) => ({ default: m.UsersPage })));
const UserPage = lazy(() => import("./pages/people/user.tsx").then((m) => ({ default: m.UserPage })));
const NewUserPage = lazy(() => import("./pages/people/user.tsx").then((m) => ({ default: m.NewUserPage })));
const RolesPage = lazy(() => import("./pages/people/roles.tsx").then((m) => ({ default: m.RolesPage })));
const ExchangesPage = lazy(() => import("./pages/devices/exchanges.tsx").then((m) => ({ default: m.ExchangesPage })));
const ExchangePage = lazy(() => import("./pages/devices/exchange.tsx").then((m) => ({ default: m.ExchangePage })));

/** Whoever may ask for something that needs a second person, or be that person. */
const ASKS_OR_DECIDES = [
  "refund.create",
  "refund.approve",
  "credit.clear",
  "price.manage",
  "price.approve",
  "meter.exchange",
  "meter.trip",
] as const;

/** Whoever switches meters may switch many. */
const SWITCHES = ["meter.trip", "meter.close"] as const;

/** Whoever answers for the system as a whole. */
const SEES_SYSTEM = ["audit.view", "settings.manage"] as const;

/** Whoever takes money has shifts; whoever looks after the cashiers sees them. */
const HAS_SHIFTS = ["recharge.create", "shift.view"] as const;

/** A page of the console: its address and the permission that it needs (any of them when there are several). */
export type Page = { path: string; permission: Permission | readonly Permission[]; page: ReactNode };

/** Every page; each is loaded when it is first opened, only the board is there at once. */
export const pages: readonly Page[] = [
  { path: "/", permission: "board.view", page: <BoardPage /> },
  { path: "/alarms", permission: "alarm.view", page: <AlarmsPage /> },
  { path: "/alarms/rules", permission: "alarm.view", page: <AlarmRulesPage /> },
  { path: "/alarms/:alarmId", permission: "alarm.view", page: <AlarmPage /> },
  { path: "/switch-batches", permission: "meter.view", page: <BatchesPage /> },
  { path: "/switch-batches/new", permission: SWITCHES, page: <NewBatchPage /> },
  { path: "/switch-batches/:batchId", permission: "meter.view", page: <BatchPage /> },
  { path: "/recharge", permission: "recharge.create", page: <RechargePage /> },
  { path: "/records", permission: "recharge.view", page: <RecordsPage /> },
  { path: "/records/:orderNo", permission: "recharge.view", page: <RecordPage /> },
  { path: "/refunds", permission: "recharge.view", page: <RefundsPage /> },
  { path: "/refunds/new", permission: "refund.create", page: <NewRefundPage /> },
  { path: "/refunds/:refundNo", permission: "recharge.view", page: <RefundPage /> },
  { path: "/recharge/split/:customerId", permission: "recharge.create", page: <SplitPage /> },
  { path: "/payments/:paymentNo", permission: "recharge.view", page: <PaymentPage /> },
  { path: "/customers", permission: "customer.view", page: <CustomersPage /> },
  { path: "/customers/:customerId", permission: "customer.view", page: <CustomerPage /> },
  { path: "/groups", permission: "customer.view", page: <GroupsPage /> },
  { path: "/groups/:groupNo", permission: "customer.view", page: <GroupPage /> },
  { path: "/rooms/:roomId/statement", permission: "customer.view", page: <StatementPage /> },
  { path: "/move-outs", permission: "moveout.create", page: <MoveOutsPage /> },
  { path: "/move-outs/new", permission: "moveout.create", page: <BeginMoveOutPage /> },
  { path: "/move-outs/:moveOutNo", permission: ["moveout.create", "refund.approve"], page: <MoveOutPage /> },
  { path: "/move-ins/new", permission: "moveout.create", page: <MoveInPage /> },
  { path: "/shifts", permission: HAS_SHIFTS, page: <ShiftsPage /> },
  { path: "/shifts/:shiftId", permission: HAS_SHIFTS, page: <ShiftPage /> },
  { path: "/approvals", permission: ASKS_OR_DECIDES, page: <ApprovalsPage /> },
  { path: "/reconcile", permission: "reconcile.view", page: <ReconcilePage /> },
  { path: "/prices", permission: "price.view", page: <PricesPage /> },
  { path: "/supply", permission: "calendar.manage", page: <SupplyPage /> },
  { path: "/guard", permission: "board.view", page: <GuardPage /> },
  { path: "/quarantine", permission: "board.view", page: <QuarantinePage /> },
  { path: "/reliability", permission: SEES_SYSTEM, page: <ReliabilityPage /> },
  { path: "/account", permission: permissions, page: <AccountPage /> },
  { path: "/help", permission: permissions, page: <HelpPage /> },
  { path: "/audit", permission: "audit.view", page: <AuditPage /> },
  { path: "/reports/current", permission: "report.view", page: <CurrentPage /> },
  { path: "/reports/days", permission: "report.view", page: <MatrixPage /> },
  { path: "/reports/day", permission: "report.view", page: <DayPage /> },
  { path: "/reports/completeness", permission: "report.view", page: <CompletenessPage /> },
  { path: "/reports/ranking", permission: "report.view", page: <RankingPage /> },
  { path: "/reports/running-out", permission: "customer.view", page: <RunningOutPage /> },
  { path: "/reports/losses", permission: "report.view", page: <LossesPage /> },
  { path: "/reports/losses/:type/:placeId", permission: "report.view", page: <LossPlacePage /> },
  { path: "/reports/periods", permission: "report.view", page: <PeriodsPage /> },
  { path: "/reports/meters/:meterId", permission: "report.view", page: <MeterPeriodPage /> },
  { path: "/reports/meters/:meterId/readings", permission: "report.view", page: <ReadingsPage /> },
  { path: "/exports", permission: exportPermissions, page: <ExportsPage /> },
  { path: "/doubts", permission: "report.view", page: <DoubtsPage /> },
  { path: "/doubts/:meterId", permission: "report.view", page: <EvidencePage /> },
  { path: "/shares", permission: "share.view", page: <SharesPage /> },
  { path: "/shares/:meterId", permission: "share.view", page: <ShareSourcePage /> },
  { path: "/hvac", permission: "share.view", page: <HvacPage /> },
  { path: "/hvac/:meterId", permission: "share.view", page: <HvacSourcePage /> },
  { path: "/concentrators", permission: "meter.view", page: <ConcentratorsPage /> },
  { path: "/concentrators/:concentratorId", permission: "meter.view", page: <ConcentratorPage /> },
  { path: "/areas", permission: "meter.manage", page: <AreasPage /> },
  { path: "/settings/collection", permission: "settings.manage", page: <CollectionPage /> },
  { path: "/imports", permission: "archive.import", page: <ImportsPage /> },
  { path: "/imports/:importId", permission: "archive.import", page: <ImportPage /> },
  { path: "/setup", permission: "settings.manage", page: <SetupPage /> },
  { path: "/users", permission: "user.manage", page: <UsersPage /> },
  { path: "/users/new", permission: "user.manage", page: <NewUserPage /> },
  { path: "/users/:userId", permission: "user.manage", page: <UserPage /> },
  { path: "/roles", permission: "user.manage", page: <RolesPage /> },
  { path: "/trials", permission: "meter.view", page: <TrialsPage /> },
  { path: "/trials/new", permission: "concentrator.manage", page: <NewTrialPage /> },
  { path: "/trials/:trialNo", permission: "meter.view", page: <TrialPage /> },
  { path: "/exchanges", permission: "meter.view", page: <ExchangesPage /> },
  { path: "/exchanges/:exchangeNo", permission: "meter.view", page: <ExchangePage /> },
  { path: "/share-runs/:runId", permission: "share.view", page: <ShareSheetPage /> },
];

/** A line of the menu; `name` is its text `menu.<name>` and its test id. */
export type MenuEntry = {
  to: string;
  name: string;
  icon: IconName;
  permission: Permission | readonly Permission[];
};

/** The menu in groups (分组); a group of which one may see nothing is left out. Texts: `menu.<name>`, `menu.groups.<name>`. */
export const menu = [
  {
    name: "now",
    entries: [
      { to: "/", name: "board", icon: "board", permission: "board.view" },
      { to: "/alarms", name: "alarms", icon: "alarm", permission: "alarm.view" },
      { to: "/guard", name: "guard", icon: "guard", permission: "board.view" },
      { to: "/switch-batches", name: "batches", icon: "power", permission: SWITCHES },
    ],
  },
  {
    name: "money",
    entries: [
      { to: "/recharge", name: "recharge", icon: "recharge", permission: "recharge.create" },
      { to: "/records", name: "records", icon: "records", permission: "recharge.view" },
      { to: "/refunds", name: "refunds", icon: "refunds", permission: "recharge.view" },
      { to: "/customers", name: "customers", icon: "user", permission: "customer.view" },
      { to: "/move-outs", name: "moveOuts", icon: "moveOut", permission: "moveout.create" },
      { to: "/groups", name: "merged", icon: "share", permission: "customer.view" },
      { to: "/shifts", name: "shifts", icon: "shifts", permission: HAS_SHIFTS },
      { to: "/approvals", name: "approvals", icon: "approvals", permission: ASKS_OR_DECIDES },
      { to: "/reconcile", name: "reconcile", icon: "reconcile", permission: "reconcile.view" },
      { to: "/prices", name: "prices", icon: "prices", permission: "price.view" },
      { to: "/supply", name: "supply", icon: "calendar", permission: "calendar.manage" },
    ],
  },
  {
    name: "data",
    entries: [
      { to: "/reports/current", name: "current", icon: "gauge", permission: "report.view" },
      { to: "/reports/days", name: "days", icon: "matrix", permission: "report.view" },
      { to: "/reports/day", name: "day", icon: "records", permission: "report.view" },
      { to: "/reports/periods", name: "periods", icon: "chart", permission: "report.view" },
      { to: "/reports/ranking", name: "ranking", icon: "ranking", permission: "report.view" },
      { to: "/reports/running-out", name: "runningOut", icon: "hourglass", permission: "customer.view" },
      { to: "/reports/losses", name: "losses", icon: "scale", permission: "report.view" },
      { to: "/reports/completeness", name: "completeness", icon: "checklist", permission: "report.view" },
      { to: "/doubts", name: "doubts", icon: "alarm", permission: "report.view" },
      { to: "/exports", name: "exports", icon: "download", permission: exportPermissions },
      { to: "/shares", name: "shares", icon: "share", permission: "share.view" },
      { to: "/hvac", name: "hvac", icon: "fan", permission: "share.view" },
    ],
  },
  {
    name: "archive",
    entries: [
      { to: "/concentrators", name: "concentrators", icon: "concentrator", permission: "meter.view" },
      { to: "/trials", name: "trials", icon: "checklist", permission: "concentrator.manage" },
      { to: "/areas", name: "areas", icon: "share", permission: "meter.manage" },
      { to: "/imports", name: "imports", icon: "records", permission: "archive.import" },
      { to: "/exchanges", name: "exchanges", icon: "swap", permission: "meter.exchange" },
      { to: "/settings/collection", name: "collection", icon: "sliders", permission: "settings.manage" },
    ],
  },
  {
    name: "system",
    entries: [
      { to: "/setup", name: "setup", icon: "checklist", permission: "settings.manage" },
      { to: "/users", name: "users", icon: "people", permission: "user.manage" },
      { to: "/roles", name: "roles", icon: "key", permission: "user.manage" },
      { to: "/reliability", name: "reliability", icon: "normal", permission: SEES_SYSTEM },
      { to: "/audit", name: "audit", icon: "checklist", permission: "audit.view" },
    ],
  },
] as const satisfies readonly { name: string; entries: readonly MenuEntry[] }[];
