-- KEYS: clock. ARGV: floor, server.
return {text(now(ARGV[1], ARGV[2]))}
