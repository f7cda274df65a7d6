/** The most that one recharge may be, in yuan: beyond it a typing error is likelier than a payment. */
export const RECHARGE_MAX_YUAN = 100_000;
