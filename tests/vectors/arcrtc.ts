/** Known answers of ArcRTC, as hexadecimal text unless a name says otherwise. */

export const RFC7714 = Object.freeze({
	key: "000102030405060708090a0b0c0d0e0f",
	salt: "517569642070726f2071756f",
	header: "8040f17b8041f8d35501a0b2",
	plaintext: "47616c6c696120657374206f6d6e69732064697669736120696e207061727465732074726573",
	nonce: "51753c6580c2726f20718414",
	packet:
		"8040f17b8041f8d35501a0b2f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833899d7f27beb16a9152cf765ee4390cce",
} as const);

export const ECDH_P256 = Object.freeze({
	source: "RFC 5903 8.1",
	a_private: "c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433",
	a_public_sec1:
		"04dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c37725811805271a0461cdb8252d61f1c456fa3e59ab1f45b33accf5f58389e0577b8990bb3",
	a_public_b64url: "BNrQtlOUIhz5sFHh_spXh9CY3-Y3_JC575RdDDdyWBGAUnGgRhzbglLWHxxFb6PlmrH0WzOsz19YOJ4Fd7iZC7M",
	b_private: "c6ef9c5d78ae012a011164acb397ce2088685d8f06bf9be0b283ab46476bee53",
	b_public_sec1:
		"04d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf6356fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab",
	b_public_b64url: "BNEt-1KJyNT4Egi3AnA5jDQilpcKC8y3THNvx1VElL9jVvvzyjZswj6BV4VME8WNaqwj8Eatow-DU-dPMwOYcqs",
	shared_secret_x: "d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de",
} as const);

export const HKDF = Object.freeze({
	rule: "HKDF-SHA256(ikm, salt = UTF-8 bytes of the id string exactly as signalled, info = ASCII label); master 32 B, enc 16 B (32 for 256-bit suites), auth 32 B, salt 12 B",
	session_id: "7d4c1c1e-5b0a-4c2e-9a53-0f6a3d2b9e10",
	video_stream_id: "0b9f3c52-8f0e-4a7d-8c41-2d1be0a6f301",
	video: {
		master: "b5490f7922105ac57ee9db873175818a586683d9ef8f5f3f295db8c8a29312c0",
		enc: "183f7a795869a990f42a7dc8d421ce79",
		auth: "96dabe342ca99635ade846aee42c4ad9ce58e1d43cc768e72a790976563bfffc",
		salt: "259d2965a443ff44685ae143",
	},
	video_256: {
		master: "b5490f7922105ac57ee9db873175818a586683d9ef8f5f3f295db8c8a29312c0",
		enc: "183f7a795869a990f42a7dc8d421ce79235da7a24074b5b421a4a804852cb09c",
		auth: "96dabe342ca99635ade846aee42c4ad9ce58e1d43cc768e72a790976563bfffc",
		salt: "259d2965a443ff44685ae143",
	},
	exchanged_salt_and_info: {
		master: "c6c93f683305cc8985b9262c748473922851dad74663165c5855782ee3afd07c",
		enc: "e85f7b2bd58c2e32aa612fed8a7e87c2",
		auth: "90e87c8c630d4be1416d093529232a91f7ec64598f9d56ab978a9603340ea9e5",
		salt: "9594d329280ea64b42ac3dff",
	},
} as const);

export const HEADERS = Object.freeze({
	layout_extension_word:
		"1010 QQ PP K T C U R RQ RQ 0 (16 bits, RTP 'defined by profile'), then 16-bit length in words, then [T] 8-byte NTP 32.32 send time, then [C] 4-byte context word CID3|ROC4|TSL9|TSU16",
	layout_reduced: "11 CID3 M1 K1 TSL9 SEQ16",
	full_min: {
		in: { pt: 96, ssrc: 12345678, m: 0, seq: 4660, ts: 65536, q: 1, pr: 2, k: 0 },
		out: "906012340001000000bc614ea6000000",
		bytes: 16,
	},
	full_send_time: {
		in: { pt: 96, ssrc: 12345678, m: 0, seq: 4660, ts: 65536, q: 1, pr: 2, k: 0, sendTime: "0xed0037801f7ced91" },
		out: "906012340001000000bc614ea6400002ed0037801f7ced91",
		bytes: 24,
	},
	full_context: {
		in: { pt: 96, ssrc: 12345678, m: 0, seq: 4661, ts: 65536, q: 1, pr: 1, k: 0, ctx: { cid: 2, roc4: 0, tsl: 5, tsu: 90 } },
		out: "906012350001000000bc614ea52000014005005a",
		bytes: 20,
	},
	reduced: [
		{ in: { cid: 1, m: 1, k: 0, tsl: 6, seq: 4662 }, out: "cc061236" },
		{ in: { cid: 0, m: 0, k: 0, tsl: 0, seq: 0 }, out: "c0000000" },
	],
	abs_send_time: {
		unix_ms: 1767225600123,
		ntp64: "0xed0037801f7ced91",
		webrtc_abs_send_time_24bit: "0x007df3",
		rule: "24-bit value for a WebRTC bridge = (ntp64 >> 14) & 0xffffff",
	},
	first_byte_demux: {
		"0x00-0x03": "STUN / relay bind",
		"0x40-0x4f": "TURN ChannelData",
		"0x7b": "ArcSignaling JSON (TCP only)",
		"0x80-0xbf": "RTP full header, or RTCP when byte 1 is 192..223",
		"0xc0-0xff": "reduced header",
	},
} as const);

export const RECONSTRUCTION = Object.freeze({
	rule: "TS = refTS + s*TSU, s == (TSL - refTSL) mod 512. SEQ newer than refSEQ: first candidate s nearest round(elapsed_ms*clock/1000/TSU), second s in [0,511]. SEQ older (late, resent): first s in [-511,0], second s nearest 0. The AEAD tag decides; at most two tries a packet",
	cases: [
		{
			name: "audio next packet",
			context: { clock: 48000, tsu: 960, refTs: 960000, refTsl: 10, refSeq: 100 },
			packet: { tsl: 11, seq: 101 },
			elapsed_ms: 20,
			out: { ts: 960960, alt_ts: 960960, pred: 1, s: 1 },
		},
		{
			name: "audio after 12 s outage (600 packets, TSL wrapped)",
			context: { clock: 48000, tsu: 960, refTs: 960000, refTsl: 10, refSeq: 100 },
			packet: { tsl: 98, seq: 700 },
			elapsed_ms: 12015,
			out: { ts: 1536000, alt_ts: 1044480, pred: 601, s: 600 },
		},
		{
			name: "video same frame (TS unchanged)",
			context: { clock: 90000, tsu: 90, refTs: 90000, refTsl: 500, refSeq: 65535 },
			packet: { tsl: 500, seq: 0 },
			elapsed_ms: 1,
			out: { ts: 90000, alt_ts: 90000, pred: 1, s: 0 },
		},
		{
			name: "video 700 ms outage",
			context: { clock: 90000, tsu: 90, refTs: 90000, refTsl: 500, refSeq: 10 },
			packet: { tsl: 176, seq: 40 },
			elapsed_ms: 712,
			out: { ts: 153000, alt_ts: 106920, pred: 712, s: 700 },
		},
		{
			name: "reordered, one frame older",
			context: { clock: 90000, tsu: 90, refTs: 90000, refTsl: 33, refSeq: 50 },
			packet: { tsl: 0, seq: 48 },
			elapsed_ms: 5,
			out: { ts: 87030, alt_ts: 87030, pred: 0, s: -33 },
		},
		{
			name: "32-bit TS wrap",
			context: { clock: 48000, tsu: 960, refTs: 4294966912, refTsl: 511, refSeq: 9 },
			packet: { tsl: 0, seq: 10 },
			elapsed_ms: 20,
			out: { ts: 576, alt_ts: 576, pred: 1, s: 1 },
		},
		{
			name: "jitter: arrival 400 ms late (primary wrong, alternate right)",
			context: { clock: 90000, tsu: 90, refTs: 90000, refTsl: 0, refSeq: 10 },
			packet: { tsl: 33, seq: 11 },
			elapsed_ms: 433,
			out: { ts: 139050, alt_ts: 92970, pred: 433, s: 545 },
		},
	],
} as const);

export const ARCSRTP = Object.freeze({
	layout:
		"header || ciphertext || AEAD tag(16) [|| HMAC-SHA256-80(10) when auth = aead+hmac80]; no MKI: key epoch parity is bit K of the header",
	nonce: "(0x0000 || SSRC || ROC || SEQ) xor salt (RFC 7714 8.1)",
	aad: "full: the header bytes on the wire; reduced: 12-byte canonical RTP header (80, M|PT, SEQ, TS, SSRC) || 4 reduced bytes",
	full_aead: {
		suite: "aes-128-gcm",
		key: "183f7a795869a990f42a7dc8d421ce79",
		salt: "259d2965a443ff44685ae143",
		roc: 0,
		header_in: {
			pt: 96,
			ssrc: 12345678,
			m: 0,
			seq: 4661,
			ts: 65536,
			q: 1,
			pr: 1,
			k: 0,
			ctx: { cid: 2, roc4: 0, tsl: 5, tsu: 90 },
		},
		plaintext: "000000010203040506070809617263727463206172637274632061726372746320",
		nonce: "259d29d9c50dff44685af376",
		aad: "906012350001000000bc614ea52000014005005a",
		packet:
			"906012350001000000bc614ea52000014005005a14a5269b1b2aba13965228c44bbce6ddc72daaf0983f768c4289e1a8b84b1689fc2909c1766e53af162e74983777856038",
		bytes: 69,
		overhead: 36,
	},
	full_aes256: {
		suite: "aes-256-gcm",
		key: "183f7a795869a990f42a7dc8d421ce79235da7a24074b5b421a4a804852cb09c",
		salt: "259d2965a443ff44685ae143",
		roc: 0,
		header_in: {
			pt: 96,
			ssrc: 12345678,
			m: 0,
			seq: 4661,
			ts: 65536,
			q: 1,
			pr: 1,
			k: 0,
			ctx: { cid: 2, roc4: 0, tsl: 5, tsu: 90 },
		},
		plaintext: "000000010203040506070809617263727463206172637274632061726372746320",
		nonce: "259d29d9c50dff44685af376",
		aad: "906012350001000000bc614ea52000014005005a",
		packet:
			"906012350001000000bc614ea52000014005005a74ffe0cc8dcc0eaef997be0fd6f4f1795bcb22e3197720ddef5ba17fc6e46bec889bcf4d038136990aab2c68c2c7fde233",
		bytes: 69,
		overhead: 36,
	},
	reduced_aead: {
		suite: "aes-128-gcm",
		key: "183f7a795869a990f42a7dc8d421ce79",
		salt: "259d2965a443ff44685ae143",
		roc: 0,
		header_in: { pt: 96, ssrc: 12345678, cid: 2, m: 1, k: 0, seq: 4662, ts: 65536, tsl: 5 },
		plaintext: "000000010203040506070809617263727463206172637274632061726372746320",
		nonce: "259d29d9c50dff44685af375",
		aad: "80e012360001000000bc614ed4051236",
		packet: "d405123639f1370e0c61ed07780d90c9d85ae583191d2a362209834d4b076b7f3e49e39659386c05fe7c02668d689644a8e214a50e",
		bytes: 53,
		overhead: 20,
	},
	full_aead_plus_hmac80: {
		auth_key: "96dabe342ca99635ade846aee42c4ad9ce58e1d43cc768e72a790976563bfffc",
		hmac_input: "packet || ROC(4)",
		hmac80: "312173a6790a6ac1129f",
		packet:
			"906012350001000000bc614ea52000014005005a14a5269b1b2aba13965228c44bbce6ddc72daaf0983f768c4289e1a8b84b1689fc2909c1766e53af162e74983777856038312173a6790a6ac1129f",
		bytes: 79,
		overhead: 46,
	},
	full_ctr_hmac80: {
		packet:
			"906012350001000000bc614ea52000014005005a14a5269b1b2aba13965228c44bbce6ddc72daaf0983f768c4289e1a8b84b1689fc52796a0e085703255e27",
		bytes: 63,
		overhead: 30,
		note: "optional suite aes-128-ctr-hmac80",
	},
	negative: [
		{
			name: "bit 0 of timestamp flipped in the full packet",
			packet:
				"906012350001000100bc614ea52000014005005a14a5269b1b2aba13965228c44bbce6ddc72daaf0983f768c4289e1a8b84b1689fc2909c1766e53af162e74983777856038",
			expect: "auth failure",
		},
		{ name: "reduced packet decoded with TS off by one TSU", wrong_ts: 65626, expect: "auth failure" },
	],
} as const);

export const ROLLOVER = Object.freeze({
	nonce_seq0_roc0: "259d29d9c50dff44685ae143",
	nonce_seq65535_roc0: "259d29d9c50dff44685a1ebc",
	estimation: [
		{ s_l: 65535, roc: 0, seq: 0, v: 1 },
		{ s_l: 2, roc: 1, seq: 65534, v: 0 },
		{ s_l: 0, roc: 0, seq: 65535, v: 4294967295, note: "ROC would be -1: discard" },
		{ s_l: 100, roc: 7, seq: 32868, v: 7 },
		{ s_l: 40000, roc: 2, seq: 7232, v: 2 },
	],
} as const);

export const REPLAY_WINDOW_64 = Object.freeze([
	{ index: 100, expect: "accept" },
	{ index: 100, expect: "reject-replay" },
	{ index: 99, expect: "accept" },
	{ index: 99, expect: "reject-replay" },
	{ index: 102, expect: "accept" },
	{ index: 101, expect: "accept" },
	{ index: 163, expect: "accept" },
	{ index: 99, expect: "reject-old" },
	{ index: 100, expect: "reject-replay" },
	{ index: 103, expect: "accept" },
	{ index: 227, expect: "accept" },
	{ index: 164, expect: "accept" },
	{ index: 163, expect: "reject-old" },
] as const);

export const KEY_ROTATION = Object.freeze({
	initiator_new_private: "1f0a3c5e79b2d4f68091a3b5c7d9ebfd0e2f40516273849aabbccddeef001122",
	initiator_new_public_b64url: "BGEcIq0laYY6-2JUSFEUtgkZcJv7eftaQbkSjYMiXfjjZ0t26ashvPJqXGjKt9JYH8SC16SIrztzmiuTUpybBGw",
	peer_public: "unchanged (one-sided rotation) or the one carried by KEY_ROTATE_ACK",
	shared_secret: "3c21b9206b0b2aa35e62151943d43a1e3af074441dd9f6defeb5662693135220",
	keys: {
		master: "39970ffea2ea4d7359f37ed6f4643c0164f090f3369fe9d00ab962dfebe8629d",
		enc: "72d8b556585551337f7f4b6fa5db1b54",
		auth: "a3411632e25f7a915273207e2efaa196770b306b712d54a0f0bf42be11d79969",
		salt: "c238f4a9b6ed5e9f4993c1c6",
	},
	message: {
		type: "KEY_ROTATE",
		session_id: "7d4c1c1e-5b0a-4c2e-9a53-0f6a3d2b9e10",
		epoch: 1,
		reason: "interval",
		public_key: "BGEcIq0laYY6-2JUSFEUtgkZcJv7eftaQbkSjYMiXfjjZ0t26ashvPJqXGjKt9JYH8SC16SIrztzmiuTUpybBGw",
		timestamp: 1767225600123,
	},
} as const);

export const CONTROL = Object.freeze({
	srtcp_layout: "RTCP || E(0)+31-bit index || HMAC-SHA256-80(auth_key of the stream reported on, over all of it)",
	nack: {
		lost: [65534, 65535, 1, 20],
		pairs: [
			[65534, 5],
			[20, 0],
		],
		rtcp: "81cd00045eed000100bc614efffe000500140000",
		index: 7,
		packet: "81cd00045eed000100bc614efffe00050014000000000007dd8a8d35d7e7be09371a",
	},
	receiver_report: {
		in: { ssrc: 12345678, fraction: 13, lost: 42, ext: 70196, jitter: 270, lsr: 511639552, dlsr: 6554 },
		rtcp: "81c900075eed000100bc614e0d00002a000112340000010e1e7f00000000199a",
	},
	context_nack: {
		cid_bitmap: "0b00000110 (CIDs 1 and 2)",
		rtcp: "81cc00035eed00014152435806000000",
		index: 9,
		packet: "81cc00035eed00014152435806000000000000095377f574dcd6f18fcefe",
	},
} as const);

export const FEC = Object.freeze({
	layout:
		"R=0 F=1 P X CC | M PT-recovery | length recovery | TS recovery | SN base | L | D | xor payload; own SSRC (media SSRC in CSRC list), encrypted after parity",
	media: [
		"8060fffe0001000000bc614e7c8501020304",
		"8060ffff0001000000bc614e7c05aabbccddeeff0011",
		"80e000000001000000bc614e7c45f0",
	],
	fec_payload: "40e0000f00010000fffe03007cc55bb9cfd9eeff0011",
	drop_index: 1,
	recovered: "8060ffff0001000000bc614e7c05aabbccddeeff0011",
} as const);

export const FRAMING = Object.freeze({
	rfc4571: "uint16 BE length || packet; length 0 = keep-alive, ignored",
	signalling_frame_ascii:
		'{"type":"HEARTBEAT","session_id":"7d4c1c1e-5b0a-4c2e-9a53-0f6a3d2b9e10","sequence":12345,"timestamp":1767225600123}',
	signalling_frame:
		"00737b2274797065223a22484541525442454154222c2273657373696f6e5f6964223a2237643463316331652d356230612d346332652d396135332d306636613364326239653130222c2273657175656e6365223a31323334352c2274696d657374616d70223a313736373232353630303132337d",
	signalling_first_byte: "0x7b",
} as const);

export const RELAY_BIND = Object.freeze({
	username: "7d4c1c1e-5b0a-4c2e-9a53-0f6a3d2b9e10:device-1",
	key_ascii: "relay-token-0001",
	request:
		"000100542112a4420102030405060708090a0b0c0006002d37643463316331652d356230612d346332652d396135332d3066366133643262396531303a6465766963652d3100000000080014b31b3c899f9cbaa2e917c844c29d1eb0048888dd80280004e6c2c1cf",
	bytes: 104,
} as const);

export const TURN_CHANNEL_DATA = Object.freeze({
	channel: 16385,
	frame: "40010035d405123639f1370e0c61ed07780d90c9d85ae583191d2a362209834d4b076b7f3e49e39659386c05fe7c02668d689644a8e214a50e",
} as const);

export const PHOENIX_V2 = Object.freeze({
	url: "/socket/websocket?token=<JWT>&vsn=2.0.0",
	join: '["1","1","arcrtc:7d4c1c1e-5b0a-4c2e-9a53-0f6a3d2b9e10","phx_join",{}]',
	heartbeat: '[null,"3","phoenix","heartbeat",{}]',
} as const);

export const ADAPTATION = Object.freeze([
	{ packet_loss: 0.05, rtt: 10, cpu: 0.1, expect: "Current" },
	{ packet_loss: 0, rtt: 101, cpu: 0.1, expect: "Lower" },
	{ packet_loss: 0, rtt: 100, cpu: 0.1, expect: "Current" },
	{ packet_loss: 0.009, rtt: 49, cpu: 0.49, expect: "Higher" },
	{ packet_loss: 0.01, rtt: 49, cpu: 0.49, expect: "Current" },
	{ packet_loss: 0.009, rtt: 49, cpu: 0.5, expect: "Current" },
] as const);

export const SELECT_PROTOCOL = Object.freeze([
	{ supports_arcrtc: false, native_platform: false, supports_webrtc: false, expect: "Hybrid" },
	{ supports_arcrtc: false, native_platform: false, supports_webrtc: true, expect: "WebRTC" },
	{ supports_arcrtc: false, native_platform: true, supports_webrtc: true, expect: "WebRTC" },
	{ supports_arcrtc: true, native_platform: false, supports_webrtc: false, expect: "Hybrid" },
	{ supports_arcrtc: true, native_platform: true, supports_webrtc: true, expect: "ArcRTC" },
] as const);

export const OVERHEAD = Object.freeze([
	{
		payload: "Opus 24 kbps 20 ms",
		form: "RTP/SRTP AES_CM_HMAC_80",
		header_plus_tag: 22,
		ip_packet: 110,
		percent_of_ip_packet: 45.5,
	},
	{
		payload: "Opus 24 kbps 20 ms",
		form: "SRTP AEAD_AES_128_GCM",
		header_plus_tag: 28,
		ip_packet: 116,
		percent_of_ip_packet: 48.3,
	},
	{
		payload: "Opus 24 kbps 20 ms",
		form: "existing engine, GCM without AAD",
		header_plus_tag: 32,
		ip_packet: 120,
		percent_of_ip_packet: 50,
	},
	{ payload: "Opus 24 kbps 20 ms", form: "ArcSRTP full AEAD", header_plus_tag: 32, ip_packet: 120, percent_of_ip_packet: 50 },
	{
		payload: "Opus 24 kbps 20 ms",
		form: "ArcSRTP full AEAD+HMAC80",
		header_plus_tag: 42,
		ip_packet: 130,
		percent_of_ip_packet: 53.8,
	},
	{
		payload: "Opus 24 kbps 20 ms",
		form: "ArcSRTP reduced AEAD",
		header_plus_tag: 20,
		ip_packet: 108,
		percent_of_ip_packet: 44.4,
	},
	{
		payload: "Opus 24 kbps 20 ms",
		form: "ArcSRTP reduced AEAD+HMAC80",
		header_plus_tag: 30,
		ip_packet: 118,
		percent_of_ip_packet: 49.2,
	},
	{
		payload: "Opus 24 kbps 20 ms",
		form: "ArcSRTP reduced CTR+HMAC80",
		header_plus_tag: 14,
		ip_packet: 102,
		percent_of_ip_packet: 41.2,
	},
	{ payload: "video 1100 B", form: "RTP/SRTP AES_CM_HMAC_80", header_plus_tag: 22, ip_packet: 1150, percent_of_ip_packet: 4.3 },
	{ payload: "video 1100 B", form: "SRTP AEAD_AES_128_GCM", header_plus_tag: 28, ip_packet: 1156, percent_of_ip_packet: 4.8 },
	{
		payload: "video 1100 B",
		form: "existing engine, GCM without AAD",
		header_plus_tag: 32,
		ip_packet: 1160,
		percent_of_ip_packet: 5.2,
	},
	{ payload: "video 1100 B", form: "ArcSRTP full AEAD", header_plus_tag: 32, ip_packet: 1160, percent_of_ip_packet: 5.2 },
	{ payload: "video 1100 B", form: "ArcSRTP full AEAD+HMAC80", header_plus_tag: 42, ip_packet: 1170, percent_of_ip_packet: 6 },
	{ payload: "video 1100 B", form: "ArcSRTP reduced AEAD", header_plus_tag: 20, ip_packet: 1148, percent_of_ip_packet: 4.2 },
	{ payload: "video 1100 B", form: "ArcSRTP reduced AEAD+HMAC80", header_plus_tag: 30, ip_packet: 1158, percent_of_ip_packet: 5 },
	{
		payload: "video 1100 B",
		form: "ArcSRTP reduced CTR+HMAC80",
		header_plus_tag: 14,
		ip_packet: 1142,
		percent_of_ip_packet: 3.7,
	},
] as const);
