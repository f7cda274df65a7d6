import { Button, Checkbox, Input } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { ConcentratorView } from "#contract/collection.ts";
import { isGuardedLess, linkChannels, linkDirections, linkKinds, linkTrusts } from "#domain/link.ts";
import { postConcentratorLink } from "#web/shared/api-collection.ts";
import { Can } from "#web/shared/can.tsx";
import { MISSING } from "#web/shared/format.ts";
import { ChoiceField, Field, FormDialog, TextField } from "./form-dialog.tsx";

/** How a concentrator comes (接入): over which link, from where, how it proves itself, and what may be done over it. */
export function LinkPanel({ seen }: { seen: ConcentratorView }) {
  const { t } = useTranslation();
  const [editing, setEditing] = useState(false);
  const facts = [
    ["kind", t(`concentrators.links.${seen.linkKind}`)],
    ["direction", t(`linkForm.directions.${seen.direction}`)],
    ["address", seen.host === null ? MISSING : `${seen.host}:${seen.port}`],
    ["channel", t(`linkForm.channels.${seen.channel}`)],
    ["trust", seen.linkKind === "jichao" ? t("linkForm.proved") : t(`linkForm.trusts.${seen.trust}`)],
    ["fingerprint", seen.fingerprint ?? t("linkForm.noFingerprint")],
    ["sources", seen.sources?.join("、") ?? t("linkForm.anySource")],
    ["lock", lockText()],
  ] as const;
  function lockText(): string {
    if (!seen.lockSource) return t("linkForm.unlocked");
    return t("linkForm.lockedTo", { source: seen.firstSource ?? t("linkForm.notYet") });
  }
  return (
    <section className="archive-part" aria-label={t("linkForm.title")}>
      <div className="page-head">
        <h2>{t("linkForm.title")}</h2>
        {seen.retiredAt === null ? (
          <Can do="concentrator.manage">
            <Button onClick={() => setEditing(true)} data-testid="edit-link">
              {t("linkForm.edit")}
            </Button>
          </Can>
        ) : null}
      </div>
      <dl className="panel archive-facts" data-testid="link-facts">
        {facts.map(([name, text]) => (
          <div key={name} data-testid={`link-fact-${name}`}>
            <dt>{t(`linkForm.${name}`)}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      {editing ? <LinkDialog seen={seen} onClose={() => setEditing(false)} /> : null}
    </section>
  );
}

function LinkDialog({ seen, onClose }: { seen: ConcentratorView; onClose: () => void }) {
  const { t } = useTranslation();
  // What was seen when the form was opened: a change by somebody else meanwhile is told, not overwritten.
  const [version] = useState(seen.version);
  const [kind, setKind] = useState(seen.linkKind);
  const [direction, setDirection] = useState(seen.direction);
  const [host, setHost] = useState(seen.host ?? "");
  const [port, setPort] = useState(String(seen.port ?? ""));
  const [channel, setChannel] = useState(seen.channel);
  const [trust, setTrust] = useState(seen.trust);
  const [fingerprint, setFingerprint] = useState(seen.fingerprint ?? "");
  const [sources, setSources] = useState(seen.sources?.join("\n") ?? "");
  const [lockSource, setLock] = useState(seen.lockSource);
  const [forgetSource, setForget] = useState(false);
  const [linkKey, setLinkKey] = useState("");
  const networks = sources.split(/[\s,,、]+/).filter((each) => each !== "");
  const after = {
    kind,
    channel,
    trust: kind === "jichao" ? ("full" as const) : trust,
    sources: networks.length === 0 ? null : networks,
    lockSource,
    fingerprint: fingerprint.trim() === "" ? null : fingerprint.trim(),
  };
  const isWeaker = isGuardedLess({ ...seen, kind: seen.linkKind }, after);
  return (
    <FormDialog
      title={t("linkForm.editTitle", { name: seen.name })}
      testId="link"
      dangerous
      act={(reason) => {
        const { kind: linkKind, ...guard } = after;
        return postConcentratorLink(seen.id, {
          ...guard,
          linkKind,
          direction,
          host: host.trim() === "" ? null : host.trim(),
          port: port === "" ? null : Number(port),
          forgetSource,
          linkKey: kind !== "jichao" || linkKey.trim() === "" ? null : linkKey.trim(),
          version,
          reason,
          // The tick of the dialog stands under the warning.
          confirmed: true,
        });
      }}
      onClose={onClose}
    >
      <p>{t("linkForm.lead")}</p>
      <ChoiceField
        id="link-kind"
        label={t("linkForm.kind")}
        value={kind}
        options={linkKinds.map((value) => ({ value, label: t(`concentrators.links.${value}`) }))}
        onChange={(value) => setKind(linkKinds.find((each) => each === value) ?? kind)}
      />
      {kind === "jichao" ? (
        <TextField id="link-key-new" label={t("linkForm.newKey")} value={linkKey} onChange={setLinkKey} />
      ) : (
        <ChoiceField
          id="link-trust"
          label={t("linkForm.trust")}
          value={trust}
          options={linkTrusts.map((value) => ({ value, label: t(`linkForm.trusts.${value}`) }))}
          onChange={(value) => setTrust(linkTrusts.find((each) => each === value) ?? trust)}
        />
      )}
      <ChoiceField
        id="link-direction"
        label={t("linkForm.direction")}
        value={direction}
        options={linkDirections.map((value) => ({ value, label: t(`linkForm.directions.${value}`) }))}
        onChange={(value) => setDirection(linkDirections.find((each) => each === value) ?? direction)}
      />
      {direction === "listens" ? (
        <>
          <TextField id="link-host" label={t("linkForm.host")} value={host} onChange={setHost} />
          <TextField id="link-port" label={t("linkForm.port")} value={port} numeric onChange={setPort} />
        </>
      ) : null}
      <ChoiceField
        id="link-channel"
        label={t("linkForm.channel")}
        value={channel}
        options={linkChannels.map((value) => ({ value, label: t(`linkForm.channels.${value}`) }))}
        onChange={(value) => setChannel(linkChannels.find((each) => each === value) ?? channel)}
      />
      <TextField
        id="link-fingerprint"
        label={t("linkForm.fingerprintTyped")}
        value={fingerprint}
        onChange={setFingerprint}
      />
      <Field id="link-sources" label={t("linkForm.sourcesTyped")}>
        <Input.TextArea
          id="link-sources"
          value={sources}
          rows={2}
          maxLength={1_000}
          onChange={(event) => setSources(event.target.value)}
          data-testid="link-sources"
        />
      </Field>
      <Checkbox checked={lockSource} onChange={(event) => setLock(event.target.checked)} data-testid="link-lock">
        {t("linkForm.lockTyped")}
      </Checkbox>
      {seen.firstSource === null ? null : (
        <Checkbox
          checked={forgetSource}
          onChange={(event) => setForget(event.target.checked)}
          data-testid="link-forget"
        >
          {t("linkForm.forget", { source: seen.firstSource })}
        </Checkbox>
      )}
      {isWeaker ? (
        <p className="bad-text" role="alert" data-testid="link-weaker">
          {t("linkForm.weaker")}
        </p>
      ) : null}
    </FormDialog>
  );
}
