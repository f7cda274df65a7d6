/** Version of the software, as it stands on reports; the same as in `package.json`. */
export const SOFTWARE_VERSION = "0.1.0";
