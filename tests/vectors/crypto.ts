/** Published known answers, as hexadecimal text. Both backends must give them. */

/** One sealing under one key. */
export interface AEADVector {
	readonly name: string;
	/** A number of `Cipher`. */
	readonly cipher: number;
	readonly key: string;
	readonly nonce: string;
	readonly aad: string;
	readonly plain: string;
	/** Ciphertext, then the tag. */
	readonly sealed: string;
}

/** The plaintext, associated data and nonce that several cases of the GCM proposal share. */
const GCM_PLAIN =
	"d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72" + "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39";
const GCM_AAD = "feedfacedeadbeeffeedfacedeadbeefabaddad2";
const GCM_NONCE = "cafebabefacedbaddecaf888";
const GCM_KEY = "feffe9928665731c6d6a8f9467308308";
const ZERO_NONCE = "000000000000000000000000";
const ZERO_BLOCK = "00000000000000000000000000000000";

export const AEAD_VECTORS: readonly AEADVector[] = Object.freeze([
	{
		name: "GCM specification case 1 (AES-128, empty)",
		cipher: 1,
		key: ZERO_BLOCK,
		nonce: ZERO_NONCE,
		aad: "",
		plain: "",
		sealed: "58e2fccefa7e3061367f1d57a4e7455a",
	},
	{
		name: "GCM specification case 2 (AES-128, one block)",
		cipher: 1,
		key: ZERO_BLOCK,
		nonce: ZERO_NONCE,
		aad: "",
		plain: ZERO_BLOCK,
		sealed: "0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf",
	},
	{
		name: "GCM specification case 4 (AES-128, associated data)",
		cipher: 1,
		key: GCM_KEY,
		nonce: GCM_NONCE,
		aad: GCM_AAD,
		plain: GCM_PLAIN,
		sealed:
			"42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e" +
			"21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091" +
			"5bc94fbc3221a5db94fae95ae7121a47",
	},
	{
		name: "GCM specification case 13 (AES-256, empty)",
		cipher: 2,
		key: ZERO_BLOCK + ZERO_BLOCK,
		nonce: ZERO_NONCE,
		aad: "",
		plain: "",
		sealed: "530f8afbc74536b9a963b4f1c4cb738b",
	},
	{
		name: "GCM specification case 14 (AES-256, one block)",
		cipher: 2,
		key: ZERO_BLOCK + ZERO_BLOCK,
		nonce: ZERO_NONCE,
		aad: "",
		plain: ZERO_BLOCK,
		sealed: "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919",
	},
	{
		name: "GCM specification case 16 (AES-256, associated data)",
		cipher: 2,
		key: GCM_KEY + GCM_KEY,
		nonce: GCM_NONCE,
		aad: GCM_AAD,
		plain: GCM_PLAIN,
		sealed:
			"522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa" +
			"8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662" +
			"76fc6ece0f4e1768cddf8853bb2d551b",
	},
	{
		name: "RFC 8439 2.8.2 (ChaCha20-Poly1305)",
		cipher: 3,
		key: "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
		nonce: "070000004041424344454647",
		aad: "50515253c0c1c2c3c4c5c6c7",
		plain:
			"4c616469657320616e642047656e746c656d656e206f662074686520636c6173" +
			"73206f66202739393a204966204920636f756c64206f6666657220796f75206f" +
			"6e6c79206f6e652074697020666f7220746865206675747572652c2073756e73" +
			"637265656e20776f756c642062652069742e",
		sealed:
			"d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6" +
			"3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36" +
			"92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc" +
			"3ff4def08e4b7a9de576d26586cec64b6116" +
			"1ae10b594f09e26a7e902ecbd0600691",
	},
]);

export interface HMACVector {
	readonly name: string;
	readonly key: string;
	readonly data: string;
	readonly tag: string;
}

export const HMAC_VECTORS: readonly HMACVector[] = Object.freeze([
	{
		name: "RFC 4231 4.2",
		key: "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
		data: "4869205468657265",
		tag: "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
	},
	{
		name: "RFC 4231 4.3",
		key: "4a656665",
		data: "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
		tag: "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
	},
	{
		name: "RFC 4231 4.4",
		key: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		data: "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd",
		tag: "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
	},
	{
		name: "RFC 4231 4.5",
		key: "0102030405060708090a0b0c0d0e0f10111213141516171819",
		data: "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd",
		tag: "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
	},
	{
		name: "RFC 4231 4.7 (key of 131 bytes)",
		key: "aa".repeat(131),
		data: "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a" + "65204b6579202d2048617368204b6579204669727374",
		tag: "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
	},
	{
		name: "RFC 4231 4.8 (key and data longer than a block)",
		key: "aa".repeat(131),
		data:
			"5468697320697320612074657374207573696e672061206c6172676572207468" +
			"616e20626c6f636b2d73697a65206b657920616e642061206c61726765722074" +
			"68616e20626c6f636b2d73697a6520646174612e20546865206b6579206e6565" +
			"647320746f20626520686173686564206265666f7265206265696e6720757365" +
			"642062792074686520484d414320616c676f726974686d2e",
		tag: "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
	},
]);

export interface HKDFVector {
	readonly name: string;
	readonly secret: string;
	readonly salt: string;
	readonly info: string;
	readonly output: string;
}

export const HKDF_VECTORS: readonly HKDFVector[] = Object.freeze([
	{
		name: "RFC 5869 A.1",
		secret: "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
		salt: "000102030405060708090a0b0c",
		info: "f0f1f2f3f4f5f6f7f8f9",
		output: "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
	},
	{
		name: "RFC 5869 A.2 (long inputs)",
		secret:
			"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f" +
			"202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f" +
			"404142434445464748494a4b4c4d4e4f",
		salt:
			"606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f" +
			"808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f" +
			"a0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
		info:
			"b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecf" +
			"d0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeef" +
			"f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
		output:
			"b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c" +
			"59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71" +
			"cc30c58179ec3e87c14c01d5c1f3434f1d87",
	},
	{
		name: "RFC 5869 A.3 (no salt, no info)",
		secret: "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
		salt: "",
		info: "",
		output: "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
	},
]);

export interface DigestVector {
	readonly name: string;
	readonly data: string;
	readonly digest: string;
}

export const DIGEST_VECTORS: readonly DigestVector[] = Object.freeze([
	{ name: "empty", data: "", digest: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
	{ name: "one block", data: "616263", digest: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{
		name: "two blocks",
		data: "6162636462636465636465666465666765666768666768696768696a68696a6b" + "696a6b6c6a6b6c6d6b6c6d6e6c6d6e6f6d6e6f706e6f7071",
		digest: "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
	},
]);

/** FIPS 180: a million times "a". */
export const MILLION_A = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";

/** NIST CAVS, ECC CDH primitive, P-256, COUNT = 0. */
export const ECDH_PRIVATE = "7d7dc5f71eb29ddaf80d6214632eeae03d9058af1fb6d22ed80badb62bc1a534";
export const ECDH_PUBLIC =
	"04ead218590119e8876b29146ff89ca61770c4edbbf97d38ce385ed281d8a6b230" +
	"28af61281fd35e2fa7002523acc85a429cb06ee6648325389f59edfce1405141";
export const ECDH_PEER =
	"04700c48f77f56584c5cc632ca65640db91b6bacce3a4df6b42ce7cc838833d287" +
	"db71e509e3fd9b060ddb20ba5c51dcc5948d46fbf640dfe0441782cab85fa4ac";
export const ECDH_SHARED = "46fc62106420ff012e54a434fbdd2d25ccc5852060561e68040dd7778997bd7b";
/** The order of P-256: the smallest number that is too large for a private key. */
export const P256_ORDER = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

export interface SignatureVector {
	readonly name: string;
	readonly point: string;
	readonly digest: string;
	readonly signature: string;
}

const SAMPLE_DIGEST = "af2bdbe1aa9b6ec1e2ade1d694f41fc71a831d0268e9891562113d8a62add1bf";
const RFC6979_POINT =
	"0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6" +
	"7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";

export const SIGNATURE_VECTORS: readonly SignatureVector[] = Object.freeze([
	{
		name: "RFC 6979 A.2.5 (SHA-256, sample)",
		point: RFC6979_POINT,
		digest: SAMPLE_DIGEST,
		signature:
			"efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716" +
			"f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
	},
	{
		name: "RFC 6979 A.2.5 (SHA-256, test)",
		point: RFC6979_POINT,
		digest: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
		signature:
			"f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367" +
			"019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083",
	},
	{
		name: "r begins with zero bytes, s has its highest bit set",
		point:
			"048bf785bdca088818fe1b6f8ea90736202356ab1c781aef090a0dc3535c4b8640" +
			"e0032456ff738ebf001142c7e36d9a6ad5f53c3c8cf60d9926f00252e8e357aa",
		digest: SAMPLE_DIGEST,
		signature:
			"00039a7e9838767f13bc449970fbb53645d3003ed996331edeb3236ffcb169a0" +
			"82785c462ee4fea377736d8007b5dcde759d78af83baad3ec5f2f9b2843fbb27",
	},
]);

/** SP 800-38A F.5.1 and F.5.2, CTR-AES128: counter block, then four blocks. */
export const CTR_VECTOR = Object.freeze({
	key: "2b7e151628aed2a6abf7158809cf4f3c",
	counter: "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
	plain:
		"6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51" +
		"30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710",
	sealed:
		"874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff" +
		"5ae4df3edbd5d35e5b4f09020db03eab1e031dda2fbe03d1792170a0f3009cee",
});
