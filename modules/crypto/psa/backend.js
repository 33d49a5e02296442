export const backend = "psa";
