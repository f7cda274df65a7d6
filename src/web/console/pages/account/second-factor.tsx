import { useMutation } from "@tanstack/react-query";
import { Button, Input, QRCode } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { AccountSafety, TotpSecret } from "#contract/safety.ts";
import { postRecoveryCodes, postTotp, postTotpConfirm, postTotpRemove } from "#web/shared/api-safety.ts";
import { dateTime } from "#web/shared/format.ts";
import { FailedLine } from "../../notice.tsx";

type Props = { safety: AccountSafety; onChanged: () => void };

/** The second factor (两步验证): set it up, new recovery codes, take it away. */
export function SecondFactor({ safety, onChanged }: Props) {
  const { t } = useTranslation();
  const [codes, setCodes] = useState<readonly string[] | null>(null);
  /** The last confirmation brought no codes: when it held all the same, its answer was lost on the way. */
  const [unsure, setUnsure] = useState(false);
  const { enrolledAt } = safety;
  const got = (made: readonly string[]): void => {
    setCodes(made);
    setUnsure(false);
    onChanged();
  };
  const failed = (): void => {
    setUnsure(true);
    onChanged();
  };
  return (
    <section className="panel account-part" data-testid="second-factor" data-state={enrolledAt === null ? "off" : "on"}>
      <header className="row-buttons">
        <h2>{t("safety.factor.title")}</h2>
        <span className={`tag ${enrolledAt === null ? "tag-warn" : "tag-good"}`}>
          {enrolledAt === null ? t("safety.factor.off") : t("safety.factor.on", { time: dateTime(enrolledAt) })}
        </span>
      </header>
      <p className="muted">{t("safety.factor.lead")}</p>
      {safety.demanded && enrolledAt === null ? (
        <p className="banner banner-warn">{t("safety.factor.demanded")}</p>
      ) : null}
      {codes === null ? null : <Codes codes={codes} onDone={() => setCodes(null)} />}
      {codes !== null ? null : enrolledAt === null ? (
        <Enrol onCodes={got} onFailed={failed} />
      ) : (
        <Enrolled safety={safety} unseen={unsure} onCodes={got} onRemoved={onChanged} />
      )}
    </section>
  );
}

type EnrolProps = { onCodes: (codes: readonly string[]) => void; onFailed: () => void };

function Enrol({ onCodes, onFailed }: EnrolProps) {
  const { t } = useTranslation();
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const beginning = useMutation({ mutationFn: () => postTotp({ password }), onSettled: () => setPassword("") });
  const confirming = useMutation({
    mutationFn: () => postTotpConfirm(code.trim()),
    onSuccess: (made) => onCodes(made.codes),
    onError: () => {
      setCode("");
      onFailed();
    },
  });
  if (beginning.data === undefined) {
    return (
      <form
        className="account-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (password !== "" && !beginning.isPending) beginning.mutate();
        }}
      >
        <label className="field" htmlFor="totp-password">
          <span>{t("safety.password")}</span>
          <Input
            id="totp-password"
            type="password"
            autoComplete="current-password"
            value={password}
            onChange={(event) => setPassword(event.target.value)}
            data-testid="totp-password"
          />
        </label>
        {beginning.error ? <FailedLine error={beginning.error} testId="totp-problem" /> : null}
        <Button type="primary" htmlType="submit" aria-busy={beginning.isPending} data-testid="totp-begin">
          {t("safety.factor.begin")}
        </Button>
      </form>
    );
  }
  return (
    <form
      className="account-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (code.trim() !== "" && !confirming.isPending) confirming.mutate();
      }}
    >
      <Secret made={beginning.data} />
      <label className="field" htmlFor="totp-code">
        <span>{t("safety.factor.confirmLabel")}</span>
        <Input
          id="totp-code"
          value={code}
          inputMode="numeric"
          autoComplete="one-time-code"
          maxLength={6}
          onChange={(event) => setCode(event.target.value)}
          data-testid="totp-code"
        />
      </label>
      {confirming.error ? <FailedLine error={confirming.error} testId="totp-problem" /> : null}
      <Button type="primary" htmlType="submit" aria-busy={confirming.isPending} data-testid="totp-confirm">
        {t("safety.factor.confirm")}
      </Button>
    </form>
  );
}

/** The secret as a picture and as text. The picture is dark on light in every theme: cameras read no other. */
function Secret({ made }: { made: TotpSecret }) {
  const { t } = useTranslation();
  return (
    <>
      <p>{t("safety.factor.scan")}</p>
      {/* The key below says the same to who cannot see it. */}
      <div aria-hidden="true" className="account-qr">
        <QRCode value={made.uri} type="svg" size={192} color="black" bgColor="white" />
      </div>
      <p>{t("safety.factor.byHand")}</p>
      <code className="account-secret" data-testid="totp-secret">
        {made.secret}
      </code>
      <details>
        <summary>{t("safety.factor.address")}</summary>
        <code className="account-secret" data-testid="totp-uri">
          {made.uri}
        </code>
      </details>
    </>
  );
}

function Codes({ codes, onDone }: { codes: readonly string[]; onDone: () => void }) {
  const { t } = useTranslation();
  return (
    <div className="account-codes" data-testid="recovery-codes">
      <p className="banner banner-warn">{t("safety.factor.codesLead")}</p>
      <ul>
        {codes.map((code) => (
          <li key={code}>
            <code>{code}</code>
          </li>
        ))}
      </ul>
      <Button type="primary" onClick={onDone} data-testid="recovery-kept">
        {t("safety.factor.codesKept")}
      </Button>
    </div>
  );
}

type EnrolledProps = {
  safety: AccountSafety;
  /** The recovery codes never reached this page: new ones are offered first. */
  unseen: boolean;
  onCodes: (codes: readonly string[]) => void;
  onRemoved: () => void;
};

function Enrolled({ safety, unseen, onCodes, onRemoved }: EnrolledProps) {
  const { t } = useTranslation();
  const [code, setCode] = useState("");
  const cleared = { onSettled: () => setCode("") };
  const renewing = useMutation({
    ...cleared,
    mutationFn: () => postRecoveryCodes(code.trim()),
    onSuccess: (made) => onCodes(made.codes),
  });
  const removing = useMutation({ ...cleared, mutationFn: () => postTotpRemove(code.trim()), onSuccess: onRemoved });
  const error = renewing.error ?? removing.error;
  return (
    <div className="account-form">
      {unseen ? (
        <p className="banner banner-warn" role="alert" data-testid="recovery-unseen">
          {t("safety.factor.codesUnseen")}
        </p>
      ) : (
        <p>{t("safety.factor.codesLeft", { count: safety.recoveryCodesLeft })}</p>
      )}
      <label className="field" htmlFor="totp-again">
        <span>{t("safety.code")}</span>
        <Input
          id="totp-again"
          value={code}
          autoComplete="one-time-code"
          maxLength={40}
          onChange={(event) => setCode(event.target.value)}
          data-testid="totp-again"
        />
      </label>
      {error ? <FailedLine error={error} testId="totp-problem" /> : null}
      <div className="row-buttons">
        <Button
          {...(unseen ? { type: "primary" as const } : {})}
          disabled={code.trim() === ""}
          onClick={() => renewing.isPending || renewing.mutate()}
          aria-busy={renewing.isPending}
          data-testid="recovery-renew"
        >
          {t("safety.factor.renew")}
        </Button>
        <Button danger disabled={code.trim() === ""} onClick={() => removing.isPending || removing.mutate()}>
          {t("safety.factor.remove")}
        </Button>
      </div>
    </div>
  );
}
