/** Configurations that device and schema must take or refuse alike; also read by the test of the schema. */

/** Right ones. */
export const good: readonly string[] = Object.freeze([
	"{}",
	'{"device":{},"log":{}}',
	'{"device":{"name":"Door","category":"camera","type":"ip","vendor":"x","memory":131072}}',
	'{"log":{"level":"debug","format":"json","rate":1}}',
	'{"arrow":{"service":"arrow.example","authorities":"ca.pem"}}',
	'{"arrow":{"service":"arrow.example:8900","authorities":"/etc/ca.pem","window":1,"sessions":1024,"message":512,"gateway":true,"legacyCiphers":false}}',
	'{"arrow":{"service":"[2001:db8::1]:8900","authorities":"ca.pem","mac":"02:00:00:12:34:5F"}}',
	'{"arrow":{"service":"10.0.0.1","authorities":"ca.pem","services":[]}}',
	'{"arrow":{"service":"a","authorities":"b","services":[{"type":"rtsp","url":"rtsp://127.0.0.1/live"},{"type":"tcp","url":"tcp://127.0.0.1:22","id":65535,"mac":"00:00:00:00:00:00"}]}}',
	'{"arrow":{"service":"a","authorities":"b","switches":{"unknownMethod":"close","redirectLimit":0,"retryJitter":0.5,"pairingEnd":"suspend"}}}',
	'{"arrow":{"service":"a","authorities":"b","times":{"retry":300,"ack":1500,"registerSpan":1}}}',
	'{"kv":{"server":"kv.example"}}',
	'{"kv":{"server":"[2001:db8::1]:8085","uid":"0x8000000000000001","channel":"0xfffffffe00000001","talk":"pushToTalk"}}',
	'{"kv":{"server":"10.0.0.1","register":{"administrator":"2","permissions":["add_channel","admin"]},"channels":["create","18446744073709551614"],"cleanUp":true}}',
	'{"kv":{"server":"a","switches":{"profile":"27eb5b6","userJoin":false,"padding":"sequence"},"times":{"keepalive":500}}}',
	'{"camera":{"source":"clip.mjpeg"}}',
	'{"camera":{"source":"/dev/video0","rate":0.1,"width":1920,"height":1080,"frameBytes":4194304,"buffers":3}}',
	'{"camera":{"source":"x","rate":60,"frameBytes":1024,"buffers":16,"http":{}}}',
	'{"camera":{"source":"x","http":{"address":"0.0.0.0","port":0,"viewers":32,"requestBytes":16384,"advertise":false}}}',
	'{"camera":{"source":"x","http":{"address":"::1","port":65535}}}',
]);

/** Wrong ones, each with the device's first line about it. */
export const bad: readonly (readonly [string, string])[] = Object.freeze([
	["[]", "the configuration: must be an object, is a list"],
	['{"kv":{}}', "kv.server: is missing"],
	['{"kv":{"server":"a b"}}', 'kv.server: must be host or host:port, an IPv6 address in brackets, is "a b"'],
	[
		'{"kv":{"server":"a","uid":"0xffffffff00000001"}}',
		'kv.uid: must be a user id of 64 bits, decimal or hex with "0x", no half of it all ones, is "0xffffffff00000001"',
	],
	[
		'{"kv":{"server":"a","uid":"0x1ffffffff"}}',
		'kv.uid: must be a user id of 64 bits, decimal or hex with "0x", no half of it all ones, is "0x1ffffffff"',
	],
	[
		'{"kv":{"server":"a","register":{"administrator":"0"}}}',
		'kv.register.administrator: must be a user id of 64 bits, decimal or hex with "0x", no half of it all ones, is "0"',
	],
	[
		'{"kv":{"server":"a","channel":"none"}}',
		'kv.channel: must be "create", or a channel id of 64 bits, decimal or hex with "0x", is "none"',
	],
	['{"kv":{"server":"a","channels":["1","2","3","4","5"]}}', "kv.channels: must be a list of at most 4, is one of 5"],
	[
		'{"kv":{"server":"a","register":{"permissions":["fly"]}}}',
		'kv.register.permissions[0]: must be one of "register_user", "delete_user", "add_channel", "rm_channel", "add_user", "kick_user", "admin", is "fly"',
	],
	['{"kv":{"server":"a","talk":true}}', 'kv.talk: must be one of "always", "pushToTalk", "never", is true'],
	["null", "the configuration: must be an object, is null"],
	["7", "the configuration: must be an object, is 7"],
	['{"vk":{}}', "vk: unknown key; known are device, arrow, camera, kv, log"],
	['{"__proto__":{}}', "__proto__: unknown key; known are device, arrow, camera, kv, log"],
	['{"device":[]}', "device: must be an object, is a list"],
	['{"device":{"memory":"128k"}}', 'device.memory: must be a whole number from 1024 to 2147483647, is "128k"'],
	['{"device":{"memory":1023}}', "device.memory: must be a whole number from 1024 to 2147483647, is 1023"],
	['{"device":{"name":7}}', "device.name: must be a text, is 7"],
	['{"log":{"level":"loud"}}', 'log.level: must be one of "error", "warning", "info", "debug", is "loud"'],
	['{"log":{"format":null}}', 'log.format: must be one of "text", "json", is null'],
	['{"log":{"rate":0}}', "log.rate: must be a whole number from 1 to 100000, is 0"],
	['{"arrow":{}}', "arrow.service: is missing"],
	['{"arrow":{"service":"a"}}', "arrow.authorities: is missing"],
	[
		'{"arrow":{"service":"a","authorities":"b","sesions":4}}',
		"arrow.sesions: unknown key; known are service, authorities, services, window, sessions, message, buffer, gateway, mac, legacyCiphers, switches, times",
	],
	[
		'{"arrow":{"service":"a","authorities":"b","sessions":"four"}}',
		'arrow.sessions: must be a whole number from 1 to 1024, is "four"',
	],
	['{"arrow":{"service":"a","authorities":"b","sessions":0}}', "arrow.sessions: must be a whole number from 1 to 1024, is 0"],
	['{"arrow":{"service":"a","authorities":"b","sessions":1.5}}', "arrow.sessions: must be a whole number from 1 to 1024, is 1.5"],
	[
		'{"arrow":{"service":"a","authorities":"b","window":65537}}',
		"arrow.window: must be a whole number from 1 to 65536, is 65537",
	],
	['{"arrow":{"service":"a","authorities":"b","gateway":"yes"}}', 'arrow.gateway: must be true or false, is "yes"'],
	[
		'{"arrow":{"service":"a b","authorities":"b"}}',
		'arrow.service: must be host or host:port, an IPv6 address in brackets, is "a b"',
	],
	[
		'{"arrow":{"service":"a:99999","authorities":"b"}}',
		'arrow.service: must be host or host:port, an IPv6 address in brackets, is "a:99999"',
	],
	[
		'{"arrow":{"service":"a:0","authorities":"b"}}',
		'arrow.service: must be host or host:port, an IPv6 address in brackets, is "a:0"',
	],
	['{"arrow":{"service":"","authorities":"b"}}', 'arrow.service: must be host or host:port, an IPv6 address in brackets, is ""'],
	['{"arrow":{"service":"a","authorities":""}}', 'arrow.authorities: must be a text of 1 to 1000 characters, is ""'],
	[
		'{"arrow":{"service":"a","authorities":"b","mac":"02-00-00-12-34-56"}}',
		'arrow.mac: must be six octets in hex with ":" between, like "02:00:00:12:34:56", is "02-00-00-12-34-56"',
	],
	['{"arrow":{"service":"a","authorities":"b","services":{}}}', "arrow.services: must be a list of at most 64, is an object"],
	[
		'{"arrow":{"service":"a","authorities":"b","services":[{"type":"ftp","url":"ftp://x"}]}}',
		'arrow.services[0].type: must be one of "rtsp", "locked-rtsp", "unknown-rtsp", "unsupported-rtsp", "http", "mjpeg", "locked-mjpeg", "tcp", is "ftp"',
	],
	[
		'{"arrow":{"service":"a","authorities":"b","services":[{"type":"tcp","url":"tcp://127.0.0.1:1"},{"url":"x"}]}}',
		"arrow.services[1].type: is missing",
	],
	[
		'{"arrow":{"service":"a","authorities":"b","services":[{"type":"tcp","url":"x","id":0}]}}',
		"arrow.services[0].id: must be a whole number from 1 to 65535, is 0",
	],
	[
		'{"arrow":{"service":"a","authorities":"b","switches":{"strayAck":"shout"}}}',
		'arrow.switches.strayAck: must be one of "ignore", "close", is "shout"',
	],
	[
		'{"arrow":{"service":"a","authorities":"b","times":{"retry":0}}}',
		"arrow.times.retry: must be a whole number from 1 to 604800000, is 0",
	],
	[
		'{"arrow":{"service":"a","authorities":"b","times":{"tea":5}}}',
		"arrow.times.tea: unknown key; known are connect, ack, ping, update, localConnect, flush, tail, retry, unpairedFast, unpaired, unpairedSlow, pairingFast, pairingEnd, unsupported, redirectSpan, registerSpan",
	],
	['{"camera":{}}', "camera.source: is missing"],
	['{"camera":{"source":"x","rate":0}}', "camera.rate: must be a number from 0.1 to 60, is 0"],
	['{"camera":{"source":"x","rate":"10"}}', 'camera.rate: must be a number from 0.1 to 60, is "10"'],
	['{"camera":{"source":"x","buffers":2}}', "camera.buffers: must be a whole number from 3 to 16, is 2"],
	['{"camera":{"source":"x","http":true}}', "camera.http: must be an object, is true"],
	[
		'{"camera":{"source":"x","http":{"address":"localhost"}}}',
		'camera.http.address: must be a numeric IPv4 or IPv6 address, is "localhost"',
	],
	[
		'{"camera":{"source":"x","http":{"address":"127.0.0.256"}}}',
		'camera.http.address: must be a numeric IPv4 or IPv6 address, is "127.0.0.256"',
	],
	['{"camera":{"source":"x","http":{"port":65536}}}', "camera.http.port: must be a whole number from 0 to 65535, is 65536"],
	['{"camera":{"source":"x","http":{"viewers":33}}}', "camera.http.viewers: must be a whole number from 1 to 32, is 33"],
]);
