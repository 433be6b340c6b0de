-- Takes tokens from a partner's bucket, atomically and by Redis's own clock, so that every replica sees one bucket.
-- The same rules, line for line, stand in token-bucket.ts for the time without Redis; a test runs both over the same sequences.
--
-- KEYS[1]  the bucket: a hash of tokens, at (time of the last refill), held (no refill before this time), taken (time of the last taking); ms
-- ARGV     rate (tokens a second), burst (capacity), need (requests waiting now)
-- returns  granted, tokens left (whole), milliseconds until a refused request may come again
local rate, burst, need = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local stored = redis.call('HMGET', KEYS[1], 'tokens', 'at', 'held', 'taken')
local tokens, at = tonumber(stored[1]) or burst, tonumber(stored[2]) or now
local held, taken = tonumber(stored[3]) or 0, tonumber(stored[4]) or 0

if now < at then
  -- The clock was set back: what lies ahead of it must not keep the bucket shut.
  at, held, taken = now, math.min(held, now + 1000), math.min(taken, now)
end
if now >= held and now > at then
  tokens = math.min(burst, tokens + (now - at) * rate / 1000)
  at = now
end
-- A full bucket after a pause: its first second gives no refill (it is credited afterwards), so that a second never admits burst + 1.
if burst >= rate and tokens >= burst and now - taken >= 500 then
  held = now + 1000
  at = now
end
-- More than the need is a lease: at most 1 % of what is left, so that what a replica leaves unused costs the partner little; at most what comes back
-- in 50 ms, so that a partner below its rate keeps its burst with up to 20 replicas; at most 250.
local lease = math.min(250, math.floor(tokens / 100), math.floor(rate / 20))
local granted = math.min(math.floor(tokens), math.max(need, lease))
local wait = 0
if granted < need then
  wait = now < held and held - now or math.ceil((1 - (tokens - granted)) * 1000 / rate)
end
tokens = tokens - granted
if granted > 0 then taken = now end

redis.call('HSET', KEYS[1], 'tokens', string.format('%.3f', tokens), 'at', at, 'held', held, 'taken', taken)
redis.call('PEXPIRE', KEYS[1], math.ceil(burst * 1000 / rate) + 2000)
return { granted, math.floor(tokens), wait }
