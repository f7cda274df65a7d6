import { useMutation } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { type SubmitEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Me } from "#contract/session.ts";
import { logIn, refusalCode } from "#web/shared/api.ts";
import { failureText } from "#web/shared/failure-text.ts";
import { Foot } from "../foot.tsx";
import { LanguageSwitch } from "../language-switch.tsx";
import { Logo } from "../logo.tsx";

/** The first page for whoever is not logged in. */
export function LoginPage({ onDone }: { onDone: (me: Me) => void }) {
  const { t } = useTranslation();
  return (
    <main className="login">
      <div className="login-card">
        <div className="login-head">
          <Logo size={40} />
          <div>
            <h1>{t("app.name")}</h1>
            <p>{t("login.lead")}</p>
          </div>
        </div>
        <LoginForm onDone={onDone} login="" />
      </div>
      <LanguageSwitch />
      <Foot />
    </main>
  );
}

/** Name and password; a wrong one is said in a sentence, the name stays. */
export function LoginForm({ onDone, login: known }: { onDone: (me: Me) => void; login: string }) {
  const { t } = useTranslation();
  const [login, setLogin] = useState(known);
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const [asksCode, setAsksCode] = useState(false);
  const [missing, setMissing] = useState(false);
  const attempt = useMutation({
    meta: { keepsTyped: true }, // somebody may log in again in the middle of a form
    mutationFn: logIn,
    onSuccess: onDone,
    onError: (error) => {
      const why = refusalCode(error);
      setCode("");
      // The password was right: it stays for the code that belongs to it.
      if (why === "second_factor_required" || why === "code_wrong") setAsksCode(true);
      else {
        setAsksCode(false);
        setPassword("");
      }
    },
  });
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    if (attempt.isPending) return;
    setMissing(login.trim() === "" || password === "");
    if (login.trim() !== "" && password !== "")
      attempt.mutate({ login: login.trim(), password, ...(asksCode ? { code: code.trim() } : {}) });
  };
  const problem = missing ? t("login.required") : attempt.error ? failureText(attempt.error).sentence : null;
  return (
    <form className="login-form" onSubmit={submit} data-testid="login-form">
      <label htmlFor="login-name">
        <span>{t("login.login")}</span>
        <Input
          id="login-name"
          size="large"
          value={login}
          onChange={(event) => setLogin(event.target.value)}
          name="username"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          {...(known === "" ? { "data-autofocus": "", autoFocus: true } : {})}
          data-testid="login-name"
        />
      </label>
      <label htmlFor="login-password">
        <span>{t("login.password")}</span>
        <Input
          id="login-password"
          size="large"
          type="password"
          value={password}
          onChange={(event) => setPassword(event.target.value)}
          name="password"
          autoComplete="current-password"
          {...(known === "" ? {} : { "data-autofocus": "" })}
          data-testid="login-password"
        />
      </label>
      {asksCode ? (
        <label htmlFor="login-code">
          <span>{t("safety.code")}</span>
          <Input
            id="login-code"
            size="large"
            value={code}
            autoFocus
            autoComplete="one-time-code"
            maxLength={40}
            onChange={(event) => setCode(event.target.value)}
            data-testid="login-code"
          />
        </label>
      ) : null}
      <p className="login-problem" role="alert" data-testid="login-problem">
        {problem}
      </p>
      <Button
        type="primary"
        size="large"
        htmlType="submit"
        block
        aria-busy={attempt.isPending}
        data-testid="login-submit"
      >
        {attempt.isPending ? t("login.busy") : t("login.submit")}
      </Button>
    </form>
  );
}
