-- Tells the schema's version, having written it where none stood. KEYS: schema. ARGV: version.
redis.call('SET', KEYS[1], ARGV[1], 'NX')
return {redis.call('GET', KEYS[1])}
