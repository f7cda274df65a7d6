import { type ReactNode, useEffect, useId, useRef } from "react";

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
 * Whatever carries `data-autofocus` is focused first.
 */
export function Dialog({ title, onClose, children, kind = "middle", testId, hideTitle = false }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const titleId = useId();
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
        onClose?.();
      }}
      onKeyDown={(event) => {
        // React hands keys of a dialog on to the page that opened it; they are not meant for that.
        event.stopPropagation();
        if (event.key === "Escape" && onClose === undefined) event.preventDefault();
      }}
      onMouseDown={(event) => {
        if (event.target === ref.current && kind !== "middle") onClose?.();
      }}
    >
      <div className="dialog-inside">
        <h2 id={titleId} className={hideTitle ? "unseen" : "dialog-title"}>
          {title}
        </h2>
        {children}
      </div>
    </dialog>
  );
}
