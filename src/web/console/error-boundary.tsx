import { Button } from "antd";
import { Component, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { failureText } from "#web/shared/failure-text.ts";
import { Notice } from "./notice.tsx";

type Props = { children: ReactNode };
type State = { error: unknown; broken: boolean };

/** Shows a page instead of nothing when drawing fails. React knows no other way than a class. */
export class ErrorBoundary extends Component<Props, State> {
  override state: State = { error: null, broken: false };

  static getDerivedStateFromError(error: unknown): State {
    return { error, broken: true };
  }

  override render() {
    return this.state.broken ? <BrokenPage error={this.state.error} /> : this.props.children;
  }
}

function BrokenPage({ error }: { error: unknown }) {
  const { t } = useTranslation();
  const { requestId } = failureText(error);
  const what = error instanceof Error ? error.message.slice(0, 200) : String(error);
  return (
    <Notice
      title={t("failure.title")}
      lead={t("failure.lead")}
      detail={requestId === null ? what : t("failure.requestId", { id: requestId })}
      action={
        <Button type="primary" onClick={() => window.location.reload()}>
          {t("failure.reload")}
        </Button>
      }
      testId="page-broken"
      page
    />
  );
}
