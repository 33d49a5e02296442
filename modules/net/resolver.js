export default class Resolver @ "fletcher_resolver_destructor" {
	constructor(options) @ "fletcher_resolver"
	resolve(name) @ "fletcher_resolver_resolve"
	cancel() @ "fletcher_resolver_cancel"
	close() @ "fletcher_resolver_close"
	get addresses() @ "fletcher_resolver_get_addresses"
	get error() @ "fletcher_resolver_get_error"
}
