export const backend = "openssl";
