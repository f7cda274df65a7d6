/**
 * What was typed into forms and is saved nowhere yet. Fields of a `form`, a `dialog` or a `[data-typed]` part count; those within `[data-kept]`
 * do not, because their page keeps them itself. A field that is gone, or holds again what it held before, is not unsaved.
 */
export class TypedFields {
  /** What each field held before the first key. */
  readonly #before = new Map<Field, string>();

  /** Hears of a key before it has changed the field. */
  readonly beforeInput = (event: Event): void => {
    const field = event.target;
    if (!isTextField(field) || this.#before.has(field)) return;
    if (field.closest(PARTS) === null || field.closest("[data-kept]") !== null) return;
    this.#before.set(field, field.value);
  };

  /** Whether something would be lost by leaving. */
  any(within: ParentNode | null = null): boolean {
    for (const [field, before] of this.#before) {
      if (!field.isConnected) this.#before.delete(field);
      else if (field.value !== before && (within === null || within.contains(field))) return true;
    }
    return false;
  }

  /** It was saved, or is given up. */
  readonly forget = (): void => this.#before.clear();
}

type Field = HTMLInputElement | HTMLTextAreaElement;

const PARTS = "form, dialog, [data-typed]";
const TEXT_TYPES: ReadonlySet<string> = new Set(["text", "password", "tel", "email", "number", "url"]);

function isTextField(target: EventTarget | null): target is Field {
  if (target instanceof HTMLTextAreaElement) return true;
  return target instanceof HTMLInputElement && TEXT_TYPES.has(target.type);
}

/** The fields of this page. */
export const typedFields = new TypedFields();
