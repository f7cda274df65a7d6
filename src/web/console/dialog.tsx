import { Button } from "antd";
import { type ReactNode, useEffect, useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { typedFields } from "./typed.ts";

type DialogProps = {
  title: string;
  /** Called when the user wants it away (Esc). Without it the dialog stays. */
  onClose?: () => void;
  children: ReactNode;
  kind?: "middle" | "top" | "left" | "page";
  testId?: string;
  hideTitle?: boolean;
};

/**
 * A modal dialog made of the browser's own: it keeps the focus inside, makes the rest inert, and gives the focus back.
 * Whatever carries `data-autofocus` is focused first. Esc, and a click beside it, ask first when something typed would be lost.
 */
export function Dialog({ title, onClose, children, kind = "middle", testId, hideTitle = false }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  const [asking, setAsking] = useState(false);
  const wantAway = (): void => {
    if (onClose === undefined) return;
    if (typedFields.any(ref.current)) setAsking(true);
    else onClose();
  };
  useEffect(() => {
    const dialog = ref.current;
    const before = document.activeElement;
    dialog?.showModal();
    dialog?.querySelector<HTMLElement>("[data-autofocus]")?.focus();
    return () => {
      dialog?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={ref}
      className={`dialog dialog-${kind}`}
      aria-labelledby={titleId}
      data-testid={testId}
      onCancel={(event) => {
        event.preventDefault();
        if (event.target === ref.current) wantAway();
      }}
      onKeyDown={(event) => {
        // React hands keys of a dialog on to the page that opened it; they are not meant for that.
        event.stopPropagation();
        if (event.key === "Escape" && onClose === undefined) event.preventDefault();
      }}
      onMouseDown={(event) => {
        if (event.target === ref.current && kind !== "middle") wantAway();
      }}
    >
      <div className="dialog-inside">
        <h2 id={titleId} className={hideTitle ? "unseen" : "dialog-title"}>
          {title}
        </h2>
        {children}
      </div>
      {asking ? <UnsavedDialog onStay={() => setAsking(false)} onLeave={() => onClose?.()} /> : null}
    </dialog>
  );
}

/** Asks whoever is about to lose what he typed; the focus is on staying. */
export function UnsavedDialog({ onStay, onLeave }: { onStay(): void; onLeave(): void }) {
  const { t } = useTranslation();
  return (
    <Dialog title={t("unsaved.title")} onClose={onStay} testId="unsaved-dialog">
      <p className="dialog-lead">{t("unsaved.lead")}</p>
      <div className="dialog-buttons">
        <Button danger onClick={onLeave} data-testid="unsaved-leave">
          {t("unsaved.leave")}
        </Button>
        <Button type="primary" onClick={onStay} data-autofocus="" data-testid="unsaved-stay">
          {t("unsaved.stay")}
        </Button>
      </div>
    </Dialog>
  );
}
