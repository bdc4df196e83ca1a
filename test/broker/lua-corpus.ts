/** Small Lua programs, one a line (`~~` stands for a line break), for comparison between the engine and its oracles. */

const lines = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => line.replaceAll('~~', '\n'));

export const CORPUS: Readonly<Record<string, readonly string[]>> = {
  replies: lines(String.raw`
    return 1
    return -7
    return 3.99
    return -3.99
    return 1e300
    return -1e300
    return 0/0
    return 'x'
    return ''
    return true
    return false
    return nil
    return
    return {}
    return {1,2,3}
    return {1,nil,3}
    return {1,2,{3,4.5,'x',nil,5}}
    return {ok='fine'}
    return {ok='a\r\nb'}
    return {ok=5}
    return {ok={}}
    return {err='foo'}
    return {err='FOO bar'}
    return {err=5}
    return {1,{err='inner'},{ok='status'}}
    return {double=3.5}
    return {double='x'}
    return {map={a=1}}
    return {set={a=true}}
    return {big_number='123456789012345678901234567890'}
    return {verbatim_string={format='txt',string='hello'}}
    return function() end
    return cjson.null
    return coroutine.create(function() end)
    return {true,false,1,'a'}
    return {[1]='a',[2]='b',[4]='d'}
    return {a=1,b=2}
    return {1,2,a=3}
    return redis.error_reply('foo')
    return redis.error_reply('FOO bar')
    return redis.error_reply('-FOO bar')
    return redis.error_reply('-FOO')
    return redis.error_reply(5)
    return redis.error_reply()
    return redis.status_reply('fine')
    return redis.status_reply('-fine day')
    return redis.status_reply(1,2)
    return tostring(redis.error_reply('a b').err)
    redis.setresp(3) return true
    redis.setresp(3) return false
    redis.setresp(3) return {1,true,false}
    redis.setresp(3) return redis.call('hgetall','nokey')
    redis.setresp(3) redis.call('hset','h','f','v') return redis.call('hgetall','h').map.f
    redis.setresp(3) return redis.call('get','nokey') == nil
    redis.setresp(4)
    redis.setresp()
    return {KEYS[1],ARGV[1],ARGV[2],#KEYS,#ARGV}
    return KEYS
    KEYS[1]='changed' KEYS.x=1 return KEYS
    return {#KEYS, KEYS[0] or 'none', KEYS[-1] or 'none', KEYS.x or 'none'}
  `),
  calls: lines(String.raw`
    return redis.call('ping')
    return redis.call('echo','hi')
    return redis.call('echo',12)
    return redis.call('echo',1.5)
    return redis.call('echo',3.1)
    return redis.call('echo',1e20)
    return redis.call('echo',0.1+0.2)
    return redis.call('echo',123456789012345678)
    return redis.call('echo',-0)
    return redis.call('echo',1/0)
    return redis.call('echo','a\0b\255')
    return redis.call('get','nokey')
    return tostring(redis.call('get','nokey'))
    return redis.call('get','nokey') == false
    return redis.call('set','k','v')
    return redis.call('set','k','v').ok
    return type(redis.call('set','k','v'))
    redis.call('set','k',5) return redis.call('incr','k')
    redis.call('set','k','x') return redis.call('incr','k')
    redis.call('set','k','x') return redis.pcall('incr','k')
    redis.call('set','k','x') return redis.pcall('incr','k').err
    redis.call('set','k','x') local ok,e = pcall(redis.call,'incr','k') return {tostring(ok),type(e),e}
    redis.call('rpush','l','a','b') return redis.call('lrange','l',0,-1)
    redis.call('rpush','l','a','b') return #redis.call('lrange','l',0,-1)
    redis.call('rpush','l','a') return redis.call('get','l')
    redis.call('rpush','l','a') return {pcall(redis.call,'get','l')}
    redis.call('rpush','l','a') local r = redis.pcall('get','l') return {type(r), r.err, tostring(r.ignore_error_stats_update), tostring(r.source), tostring(r.line)}
    redis.call('rpush','l','a') local ok, e = xpcall(function() return redis.call('get','l') end, function(e) return e end) return {tostring(ok), type(e), e.err, tostring(e.line)}
    return redis.call('nosuch')
    ~~~~return redis.call('nosuch')
    return redis.pcall('nosuch')
    return redis.call('get')
    return redis.call()
    return redis.pcall()
    return redis.call('set','a',{})
    return redis.pcall('set','a',{})
    return redis.call('set','a',nil)
    return redis.call('set','a',true)
    return redis.call({})
    return redis.call(1)
    local function f() return redis.call('nosuch') end~~return f()
    local function f()~~  local x = redis.call('nosuch')~~  return x~~end~~local y = f() return y
    redis.call('rpush','l','a') local e = redis.pcall('get','l') error(e)
    local e = redis.pcall('nosuch') return e
    local ok, e = pcall(function() error({err='MY error'}) end) return {tostring(ok), e}
    return {pcall(function() error({err='MY error', x=1}) end)}
    error({err='MY error'})
    error({err='no code'})
    ~~error({err='MY error'})
    error('x')
    error('x',0)
    error('x',1)
    error('x',2)
    error('x',3)
    error()
    error(nil)
    error(5)
    error(true)
    error('with\nnewline')
    error(setmetatable({}, {__tostring=function() return 'custom' end}).x)
    local function f() error('deep') end~~f()
    local function f() error('deep', 2) end~~f()
    local function f() error('deep', 2) end~~local function g() f() end~~g()
    local function f() error('deep', 3) end~~local function g() f() return 1 end~~g()
    local function f() error('deep', 2) end~~local function g() return f() end~~g()
    return redis.sha1hex('')
    return redis.sha1hex('abc')
    return redis.sha1hex(5)
    return redis.sha1hex()
    return redis.sha1hex('a','b')
    return redis.log(redis.LOG_NOTICE,'x')
    return redis.log('x')
    return redis.log('x','y')
    return redis.log(9,'y')
    return redis.log(redis.LOG_DEBUG,'a',1,{},'b')
    return {redis.LOG_DEBUG,redis.LOG_VERBOSE,redis.LOG_NOTICE,redis.LOG_WARNING}
    return {redis.REPL_ALL,redis.REPL_AOF,redis.REPL_SLAVE,redis.REPL_REPLICA,redis.REPL_NONE}
    return redis.set_repl(redis.REPL_ALL)
    return redis.set_repl(77)
    return redis.set_repl()
    return redis.replicate_commands()
    return redis.nosuch
    return redis.breakpoint()
    return type(redis.REDIS_VERSION)
    return type(redis.REDIS_VERSION_NUM)
  `),
  globals: lines(String.raw`
    x = 1
    return x
    ~~~~return x
    function f() end
    local t = {} t.x = y
    return _G.x
    _G.x = 1
    return _G['x']
    return _G[1]
    return _G[{}]
    return rawget(_G,'x')
    rawset(_G,'a',1)
    rawset(string,'a',1)
    string.x = 1
    redis.call = 1
    table.insert(string, 'x')
    setmetatable(_G,{})
    setmetatable(string,{})
    getmetatable('').__index = nil
    getmetatable(_G).__index = nil
    return type(getmetatable(''))
    return getmetatable('').__index == string
    return _G._G == _G
    return _G.redis == redis
    return _G.KEYS == KEYS
    return type(_G.ARGV)
    return _VERSION
    return print
    return dofile
    return loadfile
    return require
    return module
    return io
    return debug
    return setfenv
    return getfenv
    return newproxy
    local n=0 for k,v in pairs(_G) do n=n+1 end return n > 20
    KEYS = 1
    ARGV = {}
    local print = function(x) return x end return print(7)
    local string = {upper=function() return 'mine' end} return string.upper('x')
    local redis = {call=function(...) return select('#',...) end} return redis.call(1,2,3)
    for redis=1,2 do local x = redis end return redis.LOG_NOTICE
  `),
  arithmetic: lines(String.raw`
    return tostring(1+2*3-4/5)
    return tostring(7%3)
    return tostring(-7%3)
    return tostring(7%-3)
    return tostring(-7%-3)
    return tostring(5.5%2)
    return tostring(5%(1/0))
    return tostring(-5%(1/0))
    return tostring(1%0)
    return tostring(2^10)
    return tostring(2^0.5)
    return tostring(-2^2)
    return tostring(2^3^2)
    return tostring(1/0)
    return tostring(-1/0)
    return tostring(10/2)
    return tostring(7/2)
    return tostring('10'+5)
    return tostring('0x10'+1)
    return tostring(' 10 '+1)
    return tostring('1e2'*1)
    return tostring('10'/'2')
    return tostring(-'2')
    return tostring(-'abc')
    return 'abc'+1
    return 1+{}
    return {}+1
    return 1+nil
    return nil+1
    local a return a+1
    local a return 1+a
    local a={} return a.x+1
    local a={} return 1+a.x.y
    local a={} return a[1]*2
    return true+1
    return -{}
    local t={} return -t
    return -nil
    return tostring(1e15)..' '..tostring(1e14)..' '..tostring(123456789012345)
    return tostring(0.1)..' '..tostring(1/3)..' '..tostring(100)..' '..tostring(1e100)
    return tostring(2^53)..' '..tostring(2^63)..' '..tostring(-2^63)
    return tostring(3.14159265358979)..' '..tostring(1e-5)..' '..tostring(123.456)
    return tostring(0.1+0.2)
    return 1 .. 2
    return 1.5 .. 'x'
    return 'a'..1e100
    return 'a'..true
    return 'a'..nil
    return 'a'..{}
    return nil..'a'
    local a return a..'x'
    local a return 'x'..a
    local a={} return a.b..'x'
    local a={} return 'x'..a.b..'y'
    return KEYS[9]..'x'
    return tostring(1==1.0)..tostring('1'==1)..tostring(nil==false)
    return tostring(1<2)..tostring(2<1)..tostring(1<=1)..tostring(1>1)..tostring(1>=1)
    return tostring('a'<'b')..tostring('a'<'A')..tostring(''<'a')..tostring('a\0b'<'a\0c')..tostring('Z'<'a')
    return tostring('10'<'9')
    return 1<'2'
    return '1'<2
    return {}<{}
    return {}<1
    return nil<1
    return true<false
    return print and 1
    return {}<=nil
    return #'abc'
    return #{1,2,3}
    return #5
    return #nil
    local a return #a
    local a={} return #a.b
    return tostring(not nil)..tostring(not 0)..tostring(not '')..tostring(not false)
    return tostring(nil and 1)..tostring(false or 'x')..tostring(0 and 'y')..tostring(nil or false)
    return tostring(1 and 2 and nil and 4)
    return (nil or 1) and 'ok'
    return tostring(0/0 == 0/0)
    return tostring(0x10)..tostring(0xff)..tostring(.5)..tostring(3.)..tostring(1e2)..tostring(1E-2)
    return tostring(1e308*10)
    return tostring(math.huge)..tostring(-math.huge)
    return tostring(9007199254740993)
    return tostring(2147483648)..tostring(4294967296)
    return tostring(-0)
    return tonumber('5')..''
    return tostring(tonumber('  5  '))..tostring(tonumber('5x'))..tostring(tonumber(''))..tostring(tonumber(' '))
    return tostring(tonumber('0x'))..tostring(tonumber('0xg'))..tostring(tonumber('1e'))..tostring(tonumber('1e+'))
    return tostring(tonumber('.'))..tostring(tonumber('.5'))..tostring(tonumber('5.'))..tostring(tonumber('+5'))..tostring(tonumber('- 5'))
    return tostring(tonumber('inf'))..tostring(tonumber('-inf'))..tostring(tonumber('infinity'))
    return tostring(tonumber('nan'))
    return tostring(tonumber('10',2))..tostring(tonumber('ff',16))..tostring(tonumber('zz',36))..tostring(tonumber('8',8))
    return tostring(tonumber('0xff',16))..tostring(tonumber('-ff',16))..tostring(tonumber(' 11 ',2))
    return tostring(tonumber('1.5',10))..tostring(tonumber('1.5',16))
    return tonumber('5',99)
    return tonumber('5',1)
    return tonumber({},10)
    return tonumber({},16)
    return tostring(tonumber(nil))
    return tonumber()
    return tostring(tonumber('1\0002'))
    return tostring(tonumber('0x1p4'))
    return tostring(tonumber(true))
  `),
  statements: lines(String.raw`
    local a,b,c = 1,2 return {a,b,tostring(c)}
    local a,b = 1,2,3 return {a,b}
    local a,b = b,1 return b
    local a <const> = 1
    local function f() return 1,2,3 end local a,b,c,d = f() return {a,b,c,tostring(d)}
    local function f() return 1,2,3 end local a,b,c = f(),10 return {a,b,tostring(c)}
    local function f() return 1,2,3 end local a,b,c = 10,f() return {a,b,c}
    local function f() return 1,2,3 end return {f(),f()}
    local function f() return 1,2,3 end return {(f())}
    local function f() return 1,2,3 end return {f(),nil}
    local function f() end return {f()}
    local function f() end return {tostring((f()))}
    local function f() end return select('#',f())
    local function f() return nil end return select('#',f())
    local function f() return nil,nil end return select('#',f())
    local function f() return end return select('#',f(),f())
    local function f() return f end return type(f()()())
    local t={} local i=1 i,t[i]=i+1,20 return {i,t[1],tostring(t[2])}
    local a,b=1,2 a,b=b,a return {a,b}
    local t={1,2} t[1],t[2]=t[2],t[1] return t
    local t={} t.a,t.b,t.c=1,2 return {t.a,t.b,tostring(t.c)}
    local t={} t.x,t.x=1,2 return t.x
    local s=0 for i=1,10 do s=s+i end return s
    local s=0 for i=10,1,-1 do s=s+i end return s
    local s={} for i=1,2,0.5 do s[#s+1]=tostring(i) end return s
    local s=0 for i=1,0 do s=1 end return s
    local s={} for i=1,3 do s[#s+1]=i i=10 end return s
    local f={} for i=1,3 do f[i]=function() i=i+1 return i end end return {f[1](),f[1](),f[2](),f[3]()}
    for i='a',2 do end
    for i=1,'x' do end
    for i=1,2,{} do end
    for i='1','3' do if i==3 then return i end end
    for i=1,2,nil do end
    local s=0 for i=3,1 do s=s+1 end return s
    local s=0 for i=1.5,3 do s=s+i end return tostring(s)
    local i=0 while i<5 do i=i+1 if i==3 then break end end return i
    local i=0 repeat local j=i i=i+1 until j==3 return i
    local i=0 repeat i=i+1 if i>5 then break end until false return i
    local s='' for k,v in ipairs({'a','b',nil,'d'}) do s=s..k..v end return s
    local s='' for k,v in pairs({'a','b','c'}) do s=s..k..v end return s
    local s=0 for k,v in pairs({10,20,x=5,y=6}) do s=s+v end return s
    local t={1,2,3,4} for k in pairs(t) do t[k]=nil end return next(t) == nil
    local t={a=1,b=2,c=3} local n=0 for k,v in pairs(t) do t[k]=nil n=n+v end return {n, tostring(next(t))}
    local t={1,2,3} for i,v in ipairs(t) do if i<3 then t[i+1]=v*10 end end return t
    for k,v in nil do end
    for k,v in 5 do end
    for k in {} do end
    for k,v in pairs() do end
    for k,v in pairs(nil) do end
    for k,v in ipairs('x') do end
    local t={} for k,v in pairs(t.x) do end
    for k,v in next,{5} do return {k,v} end
    local function iter(s,c) if c<s then return c+1,c*c end end local r={} for a,b in iter,4,0 do r[#r+1]=a+b end return r
    local r={} for w in string.gmatch('one two','%a+') do r[#r+1]=w end return r
    local mt=setmetatable({},{__call=function(self,s,c) c=(c or 0)+1 if c<4 then return c end end}) local n=0 for i in mt do n=n+i end return n
    do local x=1 do local x=2 end return x end
    local x=1 local f=function() return x end x=2 return f()
    local x=1 do local x=x+1 return x end
    local function fact(n) if n<2 then return 1 end return n*fact(n-1) end return fact(10)
    local function fib(n) return n<2 and n or fib(n-1)+fib(n-2) end return fib(20)
    local t={} function t.a.b() end
    local t={a={}} function t.a.b(x) return x end return t.a.b(4)
    local t={v=3} function t:m(x) return self.v+x end return t:m(4)
    local t={} t:nomethod()
    local t={} t.x.y=1
    local t t.x=1
    local t={} t[nil]=1
    local t={} t[0/0]=1
    local t={} return tostring(t[nil])..tostring(t[0/0])
    return {[nil]=1}
    return {[0/0]=1}
    local t={1,2,3,[2]='x'} return t
    local t={[1]='a','b'} return t
    local t={'a','b',n=2,'c';'d'} return t
    local t={1,2,nil} return #t
    local t={nil,nil,3} return #t
    local t={1,nil,3} return #t
    local t={n=1,[5]=2} return #t
    local t={} t[1]=1 t[2]=2 t[4]=4 return #t
    local t={} for i=1,10 do t[i]=i end for i=6,10 do t[i]=nil end return #t
    local t={} for i=10,1,-1 do t[i]=i end return #t
    local t={} t[3]=3 t[2]=2 t[1]=1 return {#t,t[1],t[2],t[3]}
    local t={} t[1.5]='x' t[-1]='y' t[0]='z' t[true]='w' return {t[1.5],t[-1],t[0],t[true],#t}
    local t={} t['1']='s' t[1]='n' return {t['1'],t[1]}
    local t={10,20,30} t[#t+1]=40 t[#t]=nil return t
    local k={} local t={[k]='v'} return t[k]
    local t={[1]=1,[2]=2,[3]=3} return #t
    local f=function(a,b) return tostring(a)..tostring(b) end return {f(),f(1),f(1,2),f(1,2,3)}
    local function f(...) return select('#',...) end return {f(),f(nil),f(nil,nil),f(1,nil)}
    local function f(...) local a,b=... return {tostring(a),tostring(b)} end return f(1)
    local function f(...) return ... end return {f(1,2,3)}
    local function f(...) return (...) end return {f(1,2,3)}
    local function f(...) local t={...} return #t end return f(1,2,3)
    local function f(...) return {n=select('#',...),...} end return f(1,2).n
    local function f(...) return arg.n end return f(1,2,nil)
    local function f(...) return arg[2] end return f(1,2)
    local function f(...) local x=... return tostring(arg) end return f(1,2)
    local function f() return arg end return f()
    return arg
    return ...
    return select('#',...)
    local function f(a,...) return a,... end return {f(1,2,3)}
    local function f(...) local function g(...) return select('#',...) end return g(...) end return f(1,2,3)
    local function f(...) return function() return ... end end
    return (function(...) return select(2,...) end)(1,2,3)
    return (function() return 1 end)()
    return ({1,2,3})[2]
    return ('x'):rep(3)
    return #('abc')
    return ("a"):upper()..('B'):lower()
    local s = 'abc' return s:len()
    local s = 'abc' return s.len
    local s = 'abc' return tostring(s.nosuch)
    local s = 'abc' return s.x.y
    local s = 'abc' s.x = 1
    local n = 5 return n.x
    local n = 5 n.x = 1
    local n = 5 n()
    local s = 'x' s()
    local t={} t()
    local t={} t.f()
    local t={} t.f.g()
    local t={} t[1]()
    string.nosuch()
    redis.nosuch()
    nosuch()
    nosuch.x()
    (nil)()
    (1)()
    ('x')()
    local function f() return nil end f()()
    local t=setmetatable({},{__index=function(t,k) return k end}) return {t.a,t[1]}
    local t=setmetatable({},{__index={a=1}}) return {t.a,tostring(t.b)}
    local up=nil local function f() return up.x end f()
    local up=nil local function f() up() end f()
    local up=nil local function f() return up+1 end f()
    local up=nil local function f() return up..'' end f()
    local up=nil local function f() up.x=1 end f()
    local a=1 ; local b=2 ; return a+b
    local a = 1 -- comment~~return a
    --[[ long ~~ comment ]] return 1
    --[==[ long ]] comment ]==] return 1
    return [[a~~b]]
    return [[~~first newline dropped]]
    return [==[a]]b]==]
    return 'a\98c\x41\z'
    return "\a\b\f\n\r\t\v\\\"\'\0end"
    return '\065\066\67\255'
    return 'tab\	x'
    return 'line\~~break'
    return "\q"
    return 'caf\195\169'
    return 1 --x
    local and_ = 1 return and_
    local a_b1 = 1 return a_b1
    if nil then return 1 elseif 0 then return 2 else return 3 end
    if false then return 1 elseif nil then return 2 else return 3 end
    if not (1 == 2) and 3 > 2 then return 'y' end
    while true do return 1 end
    do return 5 end
    local t = {} t['end'] = 1 return t['end']
    local goto = 1 return goto
    local x = 5 local y = x == 5 and 'five' or 'other' return y
    return 2^-1 == 0.5
    return -3 % 5
    return not 1 == 2
    return 1 .. 2 == '12'
    return 'a' < 'b' == true
    return 5 - -3
    return - - 3
    return not not nil
    local t = {f=function(self) return self end} return t:f() == t
    local t = {10,20,30} local i = 1 i = i + 1 t[i] = t[i] + 1 return t
  `),
  errors: lines(String.raw`
    x = = 1
    x = 'abc
    x = "abc~~def"
    for i=1
    for i=1,2 do
    for i in
    for 1=1,2 do end
    for i,j=1,2 do end
    for a.b=1,2 do end
    return return
    return 1,
    return 1 2
    goto x
    a.b:c = 1
    x = }
    return 08x
    return 1..2
    return 0x
    return 1e
    return 3x
    return 1.2.3
    return '\300'
    break
    do break end
    while true do local function f() break end end
    f(
    f(1,
    f 1
    f{1,
    f~~(1)
    local function f() return ... end
    --[[ abc
    x=[[abc
    x=[=[abc]]
    x=[=abc
    x=[[a[[b]]
    if x then
    if x
    if then end
    if x then else
    if x then elseif
    if x then else elseif end
    while x
    while do end
    repeat
    repeat until
    function
    function f
    function f(
    function f(a
    function f(a,
    function f(a,)
    function f(..., a) end
    function f.1() end
    function 1() end
    local
    local 1
    local x =
    local x,
    local x, 1
    local function
    local function 1
    local x.y = 1
    x
    x.y
    x:y
    x[1]
    x[
    x[1
    1
    'x'
    {}
    nil
    nil = 1
    f() = 1
    (x) = 1
    x,f() = 1,2
    x + 1
    end
    else
    until
    )
    ]
    }
    @
    $x = 1
    return @
    return #
    return not
    return -
    return ~
    return ~ 1
    return a ~ b
    return a != b
    return a ! b
    return a & b
    return a // b
    return a == 
    return (1
    return (1~~
    return {1
    return {1~~
    return {1,2
    return {[1]}
    return {[1=2}
    return {x=}
    return {,}
    return {;}
    return function
    return function(
    return function() 
    return function()~~~~
    do~~~~return 1
    while true do~~
    if true then~~local x = 1~~
    local t = {~~1,~~2~~
    return "abc\
    return 'é' .. é
    return a.1
    return a:b
    return a:1()
    return a.b.
    return a..
    x = 1 y = 2 z
    return x y
    return; return
    return;;
    ;
    local x;; return 1
    break break
    function f() return end return end
    local function f(self, self) end return 1
    return ((((((1))))))
    and
    return and
    return or 1
    in
    return in
    #!/usr/bin/lua~~return 1
    #comment
    return 1;2
    return "a\0b
    x = "unfinished \1
  `),
  strings: lines(String.raw`
    return string.sub('hello',2,4)
    return string.sub('hello',-3)
    return string.sub('hello',2)
    return string.sub('hello',0)
    return string.sub('hello',10)
    return string.sub('hello',-100,2)
    return string.sub('hello',3,2)
    return string.sub('hello',1,-2)
    return string.sub('hello')
    return string.sub()
    return string.sub({},1)
    return string.sub(12345,2,3)
    return string.sub('hello','2','3')
    return string.sub('hello',2.7,3.9)
    return ('hello'):sub(2,3)
    return ('hello'):sub()
    return ('hello'):sub({})
    return string.len('a\0b')
    return string.len()
    return string.upper('abc\228')
    return string.lower('ABC\196')
    return string.rep('ab',3)
    return string.rep('ab',0)
    return string.rep('ab',-1)
    return string.rep('ab')
    return string.rep()
    return string.rep({},1)
    return {pcall(string.rep)}
    return {pcall(string.rep,'x',{})}
    return {pcall(('x').rep,{})}
    return {pcall(function() local s='x' s:rep({}) end)}
    return {pcall(function() local s='x' s:foo({}) end)}
    return string.reverse('abc')
    return string.reverse('')
    return string.byte('A')
    return {string.byte('ABC',1,3)}
    return {string.byte('ABC',-1)}
    return {string.byte('ABC',10)}
    return {string.byte('')}
    return {string.byte('ABC',0)}
    return {string.byte('ABC',2,-1)}
    return {('\0\255'):byte(1,-1)}
    return string.char(72,105)
    return string.char()
    return string.char(256)
    return string.char(-1)
    return string.char('65')
    return string.char('x')
    return string.format('%d',42)
    return string.format('%d',42.9)
    return string.format('%d',-42.9)
    return string.format('%d','7')
    return string.format('%d','x')
    return string.format('%d')
    return string.format('%5d|%-5d|%05d|%+d|% d',42,42,42,42,42)
    return string.format('%.3d|%5.3d|%-6.3d|',5,5,5)
    return string.format('%i',3)
    return string.format('%u',3)
    return string.format('%u',-1)
    return string.format('%x %X %#x %o %#o',255,255,255,8,8)
    return string.format('%x',-1)
    return string.format('%c%c',72,0x69)
    return string.format('%5c|%-5c|',72,72)
    return string.format('%s %s','a',1)
    return string.format('%s',nil)
    return string.format('%s',true)
    return string.format('%s',{})
    return string.format('%s')
    return string.format('%10s|%-10s|%.2s|%5.1s|','abc','abc','abc','abc')
    return string.format('%s','a\0b')
    return string.format('%q','a"b\\c\nd\0e\rf')
    return string.format('%q',5)
    return string.format('%q',nil)
    return string.format('%f',3.14159)
    return string.format('%.2f',3.14159)
    return string.format('%.0f|%.0f|%.0f|%.0f',0.5,1.5,2.5,3.5)
    return string.format('%8.2f|%-8.2f|%08.2f|%+.1f',3.14159,3.14159,3.14159,3.14159)
    return string.format('%.1f|%.2f|%.3f',0.25,0.125,2.675)
    return string.format('%.20f',0.1)
    return string.format('%.10f',1e15)
    return string.format('%f',1e300):len()
    return string.format('%e',12345.678)
    return string.format('%.3e|%E|%.0e',12345.678,0.00012,15)
    return string.format('%g|%g|%g|%g|%g',0.0001,0.00001,100000,1000000,1e20)
    return string.format('%.3g|%.10g|%#g|%G',1234.5678,1234.5678,1,1e-10)
    return string.format('%.14g|%.17g|%.1g',0.1,0.1,0.15)
    return string.format('%g|%f|%d',1/0,-1/0,1)
    return string.format('%5g|%-8g|%+g',1/0,1/0,1/0)
    return string.format('%g',0)
    return string.format('%g',-0.0)
    return string.format('%5.1f%%',99.5)
    return string.format('%%')
    return string.format('%')
    return string.format('%y',1)
    return string.format('%10')
    return string.format('%123d',1)
    return string.format('%.123d',1)
    return string.format('%-+ #0d',1)
    return string.format('%--++  d',1)
    return string.format('no items',1,2)
    return string.format(5)
    return string.format()
    return string.format({})
    return string.format('%d',1e18)
    return string.format('%d',1e19)
    return string.format('%d',2^53)
    return string.format('%.3s|%5s',string.rep('x',200),string.rep('y',150)):len()
    return ('%d-%s'):format(1,'x')
    return {string.find('hello','l')}
    return {string.find('hello','xyz')}
    return {string.find('hello','')}
    return {string.find('hello','',10)}
    return {string.find('hello','',6)}
    return {string.find('hello','l',4)}
    return {string.find('hello','l',-2)}
    return {string.find('hello','l',-100)}
    return {string.find('a.b','.',1,true)}
    return {string.find('a.b','%.')}
    return {string.find('a+b','+',1,true)}
    return {string.find('hello','(l)(l)')}
    return {string.find('hello','()ll()')}
    return {string.find('hello','h.-o')}
    return {string.find('hello','^ell')}
    return {string.find('hello','^hel')}
    return {string.find('hello','lo$')}
    return {string.find('a$b','$b')}
    return {string.find('  x','^%s*')}
    return {string.find('a\0b','\0')}
    return {string.find('a\0b','%z')}
    return {string.find('abc','b',nil,nil)}
    return {string.find('abc',{})}
    return {string.find()}
    return string.match('key=value','(%w+)=(%w+)')
    return {string.match('key=value','(%w+)=(%w+)')}
    return {string.match('2024-01-02','(%d+)-(%d+)-(%d+)')}
    return string.match('hello','l+')
    return string.match('hello','z*')
    return string.match('hello','(z?)h')
    return string.match('hello','.-(l+)')
    return tostring(string.match('hello','xyz'))
    return string.match('  trim  ','^%s*(.-)%s*$')
    return string.match('[[nested]]','%[%[(.-)%]%]')
    return string.match('f(a(b)c)d','%b()')
    return string.match('THE (quick) fox','%f[%a]%a+',5)
    return string.match('x^y','[%^x]+')
    return string.match('a-z','[a%-z]+')
    return string.match('abc123','[^%d]+')
    return string.match('abc]','[]]')
    return string.match('a]c','[^]]+')
    return string.match('0x1F','%x+',3)
    return string.match('abab','(ab)%1')
    return string.match('"x" y',"([\"'])(.-)%1")
    return string.match('äö','%a+')
    return string.match('a.b','%.')
    return string.match('a%b','%%')
    return string.match('abc','((a)(b))')
    return {string.match('abc','((a)(b))')}
    return string.match('abc','(a')
    return string.match('abc','a)')
    return string.match('abc','[a')
    return string.match('abc','[^a')
    return string.match('abc','%')
    return string.match('abc','%1')
    return string.match('abc','(a)%2')
    return string.match('abc','%b')
    return string.match('abc','%bx')
    return string.match('abc','%f')
    return string.match('abc','%fa')
    return string.match('abc','()(')
    return string.match('abc',string.rep('(a?)',33))
    return string.match('abc',string.rep('a?',40))
    return #string.match(string.rep('a',1000),'.-$')
    return string.match('abc','.',2)
    return string.match('abc','b',-2)
    return string.match('a,b,,c','[^,]*$')
    return {string.gsub('hello','l','L')}
    return {string.gsub('hello','l','L',1)}
    return {string.gsub('hello','l','L',0)}
    return {string.gsub('hello','','-')}
    return {string.gsub('hello world','%w+','<%0>')}
    return {string.gsub('hello world','(%w+) (%w+)','%2 %1')}
    return {string.gsub('abc','%w','%%%0')}
    return {string.gsub('abc','b','%1')}
    return {string.gsub('abc','b','%2')}
    return {string.gsub('abc','b','%x')}
    return {string.gsub('abc','b','%')}
    return {string.gsub('abc','%w',{a='1',b=2,c=false})}
    return {string.gsub('abc','%w',function(c) if c=='b' then return 'B' end end)}
    return {string.gsub('abc','%w',function(c) return false end)}
    return {string.gsub('abc','(a)(b)',function(x,y) return y..x end)}
    return {string.gsub('abc','()',function(p) return p end)}
    return {string.gsub('abc','%w',function() return {} end)}
    return {string.gsub('abc','%w',function() error('in callback') end)}
    return {string.gsub('abc','%w',{a={}})}
    return {string.gsub('abc','^a','x')}
    return {string.gsub('aaa','^a','x')}
    return {string.gsub('abc','b',5)}
    return {string.gsub('abc','b',true)}
    return {string.gsub('abc','b')}
    return {string.gsub('abc')}
    return {string.gsub('a b c',' ','')}
    return {string.gsub('abc def','%f[%w]%w+',string.upper)}
    return {string.gsub('x = 1','%s*=%s*','=')}
    return {string.gsub('\0a\0','%z','0')}
    local r={} for k,v in string.gmatch('a=1, b=2','(%w+)=(%w+)') do r[#r+1]=k..v end return r
    local r={} for m in string.gmatch('abc','') do r[#r+1]='['..m..']' end return r
    local r={} for m in ('one two'):gmatch('%S+') do r[#r+1]=m end return r
    local r={} for p in string.gmatch('aXbX','()X') do r[#r+1]=p end return r
    return string.gmatch('x')
    return string.gfind('x','x')
    return string.dump(function() end) ~= nil
    return string.dump(print)
    return ('x'):bad()
    return #string.rep('x',1000000)
  `),
  tables: lines(String.raw`
    local t={1,2} table.insert(t,3) return t
    local t={1,2} table.insert(t,1,0) return t
    local t={1,2} table.insert(t,3,9) return t
    local t={1,2} table.insert(t,5,9) return {#t,tostring(t[5]),tostring(t[3])}
    local t={1,2} table.insert(t,-1,9) return {#t,t[1],t[2],tostring(t[-1])}
    local t={1,2} table.insert(t,0,9) return {#t, t[0], t[1]}
    local t={} table.insert(t,nil) return #t
    local t={1} table.insert(t,1,nil) return {#t,tostring(t[1]),tostring(t[2])}
    table.insert({})
    table.insert({},1,2,3)
    table.insert(nil,1)
    table.insert('x',1)
    table.insert({},'x',1)
    table.insert({},{},1)
    return table.insert({},1)
    return select('#',table.insert({},1))
    local t={1,2,3} return {table.remove(t),#t}
    local t={1,2,3} return {table.remove(t,1),t[1],t[2],#t}
    local t={1,2,3} return {table.remove(t,2),t[1],t[2],#t}
    local t={} return tostring(table.remove(t))
    local t={} return select('#',table.remove(t))
    local t={1} return tostring(table.remove(t,5))
    local t={1,nil,3} return {table.remove(t,1), tostring(t[1]), tostring(t[2]), #t}
    table.remove()
    return table.concat({1,2,3})
    return table.concat({1,2,3},',')
    return table.concat({1,2,3},',',2)
    return table.concat({1,2,3},',',2,3)
    return table.concat({1,2,3},',',3,2)
    return table.concat({},',')
    return table.concat({'a',1.5,'b'},'-')
    return table.concat({1,{},3})
    return table.concat({1,nil,3})
    return table.concat({1,2},',',1,5)
    return table.concat({true})
    return table.concat()
    return table.concat({},{})
    return table.concat({1,2,3},1)
    local t={3,1,2} table.sort(t) return t
    local t={3,1,2} table.sort(t,function(a,b) return a>b end) return t
    local t={'b','a','C'} table.sort(t) return t
    local t={} for i=1,50 do t[i]=(i*37)%53 end table.sort(t) return t
    local t={} for i=1,50 do t[i]=(i*37)%10 end table.sort(t,function(a,b) return a>b end) return t
    local t={3,1,'x'} table.sort(t)
    local t={{},{}} table.sort(t)
    local t={3,1,2,5,4} table.sort(t,function(a,b) return true end) return #t
    local t={3,1,2} table.sort(t,function(a,b) error('cmp') end)
    table.sort({1,2},5)
    table.sort(5)
    local t={1,2,nil,4} table.sort(t)
    local t={1} table.sort(t) return t
    local t={} table.sort(t) return t
    local t={} for i=1,30 do t[i]={k=i%3,v=i} end table.sort(t,function(a,b) return a.k<b.k end) local r={} for i=1,30 do r[i]=t[i].v end return r
    return table.getn({1,2,3})
    return table.getn()
    return table.maxn({1,2,[10]=1})
    return table.maxn({})
    return tostring(table.maxn({[1.5]=1,[-3]=1}))
    table.setn({},1)
    local r={} table.foreach({10,20},function(k,v) r[#r+1]=k..v end) return r
    return table.foreach({10,20},function(k,v) if v==20 then return k end end)
    local r={} table.foreachi({10,20},function(k,v) r[#r+1]=k..v end) return r
    table.foreach({},5)
    return unpack({1,2,3})
    return {unpack({1,2,3})}
    return {unpack({1,2,3},2)}
    return {unpack({1,2,3},2,3)}
    return {unpack({1,2,3},3,2)}
    return {unpack({1,2},1,4)}
    return select('#',unpack({},1,3))
    return {unpack({})}
    return unpack()
    return unpack('x')
    local t={} for i=1,7999 do t[i]=i end return select('#',unpack(t))
    local t={} for i=1,8000 do t[i]=i end return select('#',unpack(t))
    return unpack({},1,1e8)
    return {next({})}
    return {next({5})}
    return {next({5},1)}
    return {next({a=1})}
    return {next({a=1},'a')}
    return {next({5},2)}
    return next({},'nokey')
    return next()
    return next({},{})
    return rawget({a=1},'a')
    return rawget(setmetatable({},{__index={a=1}}),'a')
    return rawget({})
    return rawget()
    local t=setmetatable({},{__newindex=function() error('no') end}) rawset(t,'a',1) return t.a
    return rawset({},'a')
    return rawset({},nil,1)
    return rawset({},0/0,1)
    return tostring(rawequal({},{}))..tostring(rawequal(1,1))
    return rawequal(1)
    return select(2,'a','b','c')
    return {select(2,'a','b','c')}
    return {select(-1,'a','b','c')}
    return {select(-2,'a','b','c')}
    return {select(4,'a','b','c')}
    return {select(0,'a')}
    return {select(-5,'a')}
    return select('#')
    return select('x')
    return select()
    return select({})
    return type(nil)..type(1)..type('')..type({})..type(type)..type(true)..type(cjson.null)
    return type()
    return tostring()
    return tostring(tostring):sub(1,9)
    return tostring({}):sub(1,6)
    return tostring(cjson.null)
    return assert(1,2)
    return {assert(1,2,3)}
    return assert(nil)
    return assert(false)
    return assert(nil,'message')
    return assert(false,5)
    return assert(nil,{})
    return assert(nil,nil)
    return assert()
    local t={} for i=1,100 do t[i]=i end for i=1,100 do t[i]=nil end return #t
    local t={} for i=1,5 do t['k'..i]=i end local n=0 for k,v in pairs(t) do n=n+v end return n
    local t={} t[1e15]=1 t[2^53]=2 return {t[1e15],t[2^53]}
    local t={1,2,3} t[2]=nil local n=0 for k in pairs(t) do n=n+k end return n
    local t={x=1} t.x=nil return tostring(next(t))
  `),
  metatables: lines(String.raw`
    local t=setmetatable({},{__index=function(t,k) return k..'!' end}) return t.foo
    local t=setmetatable({a=1},{__index=function(t,k) return k..'!' end}) return {t.a,t.b}
    local t=setmetatable({},{__index=setmetatable({},{__index={deep=1}})}) return t.deep
    local t=setmetatable({},{__newindex=function(t,k,v) rawset(t,k,v*2) end}) t.x=5 return t.x
    local s={} local t=setmetatable({},{__newindex=s}) t.x=5 return {tostring(rawget(t,'x')),s.x}
    local t=setmetatable({},{__call=function(self,a,b) return a+b end}) return t(1,2)
    local t=setmetatable({},{__call=function(...) return select('#',...) end}) return t(1,2)
    local t=setmetatable({},{__call=5}) return t()
    local mt={__add=function(a,b) return 'add' end,__sub=function() return 'sub' end} local t=setmetatable({},mt) return {t+1,1+t,t-t}
    local mt={__mul=function() return 'mul' end,__div=function() return 'div' end,__mod=function() return 'mod' end,__pow=function() return 'pow' end} local t=setmetatable({},mt) return {t*1,t/1,t%1,t^1}
    local t=setmetatable({},{__unm=function(a,b) return a==b and 'unm' end}) return -t
    local t=setmetatable({},{__concat=function(a,b) return 'cat' end}) return {t..'x','x'..t,t..t,1 ..t}
    local t=setmetatable({},{__concat=function(a,b) return (type(a)=='table' and 'T' or a)..(type(b)=='table' and 'T' or b) end}) return 'a'..'b'..t
    local t=setmetatable({},{__len=function() return 42 end}) return #t
    local mt={__eq=function() return true end} local a,b=setmetatable({},mt),setmetatable({},mt) return {tostring(a==b),tostring(a~=b),tostring(a==1)}
    local a,b=setmetatable({},{__eq=function() return true end}),setmetatable({},{__eq=function() return true end}) return tostring(a==b)
    local mt={__lt=function(a,b) return a.v<b.v end} local a,b=setmetatable({v=1},mt),setmetatable({v=2},mt) return {tostring(a<b),tostring(a>b),tostring(a<=b),tostring(a>=b)}
    local mt={__le=function(a,b) return a.v<=b.v end} local a,b=setmetatable({v=1},mt),setmetatable({v=2},mt) return {tostring(a<=b),tostring(a>=b)}
    local mt={__lt=function(a,b) return a.v<b.v end} local a=setmetatable({v=1},mt) return a<1
    local a=setmetatable({},{__lt=function() return true end}) local b=setmetatable({},{__lt=function() return true end}) return a<b
    local t=setmetatable({},{__tostring=function() return 'custom' end}) return tostring(t)
    local t=setmetatable({},{__tostring=function() return 5 end}) return tostring(t)
    local t=setmetatable({},{__tostring=function() return {} end}) return type(tostring(t))
    local t=setmetatable({},{__metatable='locked'}) return getmetatable(t)
    local t=setmetatable({},{__metatable='locked'}) setmetatable(t,{})
    return tostring(getmetatable({}))
    return tostring(getmetatable(5))
    local mt={} local t=setmetatable({},mt) return getmetatable(t)==mt
    local t=setmetatable({},{}) setmetatable(t,nil) return tostring(getmetatable(t))
    setmetatable(5,{})
    setmetatable({},5)
    setmetatable({})
    setmetatable()
    getmetatable()
    local t={} setmetatable(t,{__index=t}) return t.x
    local t=setmetatable({},{__index=5}) return t.x
    local t=setmetatable({},{__index='abc'}) return t.len ~= nil
    local t=setmetatable({},{__newindex=5}) t.x=1
    local t=setmetatable({},{__index=function(t,k) error('idx '..k) end}) return t.x
    local t=setmetatable({},{__add=function(a,b) error('adding') end}) return t+1
    local t=setmetatable({},{__add=5}) return t+1
    local A={} A.__index=A function A.new(v) return setmetatable({v=v},A) end function A:get() return self.v end local B=setmetatable({},{__index=A}) B.__index=B local o=setmetatable({v=7},B) return o:get()
    local t=setmetatable({},{__mode='k'}) t[{}]=1 return type(t)
    local t=setmetatable({},{__gc=function() end}) return 1
    local t=setmetatable({},{__index=function(t,k) return k*2 end}) return {t[1],t[2],#t}
    local t=setmetatable({1,2,3},{__index=function() return 9 end}) local n=0 for i,v in ipairs(t) do n=n+1 end return n
  `),
  control: lines(String.raw`
    return {pcall(error,'x')}
    return {pcall(error,'x',2)}
    return {pcall(error,{a=1})}
    return select('#',pcall(error,{a=1}))
    return select('#',pcall(error,{err='x'}))
    return {tostring(pcall(error))}
    return select('#',pcall(error))
    return {pcall(function() return 1,2,3 end)}
    return {pcall(function() end)}
    return {pcall(function(...) return ... end,1,2)}
    return {pcall(5)}
    return {pcall(nil)}
    return {pcall({})}
    return pcall()
    return {pcall(pcall)}
    return {pcall(pcall,error,'x')}
    return {pcall(function() local x=nil x.y=1 end)}
    return {pcall(function()~~ local x = nil~~ return x.y end)}
    return {pcall(function() error('a',0) end)}
    return {pcall(function() error('a',1) end)}
    return {pcall(function() error('a',2) end)}
    return {pcall(function() error() end)}
    return {pcall(function() error(nil) end)}
    return {pcall(function() error(42) end)}
    return {pcall(function() assert(false,'msg') end)}
    return {pcall(string.rep)}
    return {pcall(string.format,'%d','x')}
    return {pcall(setmetatable,1)}
    return {pcall(next,{},1)}
    return {pcall(tostring)}
    return {xpcall(function() error('a') end, function(e) return e..'b' end)}
    return {xpcall(function() return 1,2 end, function(e) return e end)}
    return {xpcall(function() error('a') end, function(e) error('z') end)}
    return {xpcall(function() error({}) end, function(e) return type(e) end)}
    return {xpcall(error, function(e) return tostring(e) end)}
    return {xpcall(function() local x=nil~~x() end, function(e) return e end)}
    return xpcall(function() end)
    return xpcall()
    return {xpcall(nil, function(e) return e end)}
    return {tostring(xpcall(function() error('x') end, nil))}
    local function f() return f()+1 end local ok,e=pcall(f) return {tostring(ok),e}
    local ok,e=pcall(function() local function f() return f()+1 end return f() end) return {tostring(ok),type(e)}
    return {loadstring('return 1+1')()}
    return {loadstring('return ...')(5,6)}
    return {loadstring('x =')}
    return {loadstring('x = = 1','=name')}
    return {loadstring('x = = 1','@name')}
    return {loadstring('x = = 1','plain name')}
    return {loadstring('x = = 1~~y')}
    return {loadstring(string.rep('x',100))}
    return loadstring('return KEYS[1]')()
    return loadstring('x = 1')()
    return loadstring('return x')()
    return loadstring('error("in chunk")')()
    return loadstring('error("in chunk")','=chunk')()
    return loadstring('~~local a = nil~~return a.b','=chunk')()
    return {pcall(loadstring('error("in chunk")','=chunk'))}
    return loadstring()
    return loadstring({})
    return {loadstring('\27Lua')}
    return {load(function() return nil end)}
    local parts={'return ','4','2'} local i=0 return load(function() i=i+1 return parts[i] end)()
    return load('return 1')
    return {load(function() return {} end)}
    return {load(function() return 'x = =' end)}
    return load(function() error('reader') end)
    return type(collectgarbage('count'))
    return collectgarbage()
    return collectgarbage('collect')
    return collectgarbage('nosuch')
    return type(gcinfo())
    local co=coroutine.create(function(a,b) local c=coroutine.yield(a+b) local d,e=coroutine.yield(c*2) return d+e end) return {coroutine.resume(co,1,2),select(2,coroutine.resume(co,10)),select(2,coroutine.resume(co,3,4)),coroutine.status(co)}
    local co=coroutine.create(function() return 1 end) coroutine.resume(co) return {coroutine.resume(co)}
    local co=coroutine.create(function() error('inside') end) return {coroutine.resume(co)}
    local co=coroutine.create(function() error({}) end) local ok,e=coroutine.resume(co) return type(e)
    local co=coroutine.wrap(function() for i=1,3 do coroutine.yield(i) end end) return {co(),co(),co(),tostring(co())}
    local co=coroutine.wrap(function() error('inside') end) co()
    local co=coroutine.wrap(function() return 1 end) co() co()
    local co co=coroutine.create(function() return coroutine.status(co) end) return {coroutine.resume(co)}
    local co co=coroutine.create(function() return coroutine.resume(co) end) return {coroutine.resume(co)}
    return coroutine.status(coroutine.create(function() end))
    return tostring(coroutine.running())
    local co=coroutine.create(function() return type(coroutine.running()) end) return {coroutine.resume(co)}
    return coroutine.yield(1)
    return {pcall(coroutine.yield,1)}
    return coroutine.create(5)
    return coroutine.resume(5)
    return coroutine.status()
    return type(coroutine.create(function() end))
    local function gen(n) return coroutine.wrap(function() for i=1,n do coroutine.yield(i,i*i) end end) end local r={} for a,b in gen(3) do r[#r+1]=a..':'..b end return r
    local co=coroutine.wrap(function() pcall(function() coroutine.yield(1) end) return 2 end) return co()
    local co=coroutine.wrap(function() local t=setmetatable({},{__index=function() return coroutine.yield(1) end}) return t.x end) return {pcall(co)}
    local co=coroutine.wrap(function() table.sort({3,2,1},function(a,b) coroutine.yield() return a<b end) end) return {pcall(co)}
    local function inner() coroutine.yield('in') return 'ret' end local co=coroutine.wrap(function() local x=inner() coroutine.yield(x) return (inner()) end) return {co(),co(),co(),co()}
    local co=coroutine.wrap(function(...) local n=select('#',...) while true do n=n+select('#',coroutine.yield(n)) end end) return {co(1,2),co(),co(1),co(1,2,3)}
    local co=coroutine.wrap(function() local t={} t.x,t.y=coroutine.yield(1),coroutine.yield(2) return t.x+t.y end) return {co(),co(10),co(20)}
    local co=coroutine.wrap(function() return redis.call('ping').ok end) return co()
    local co=coroutine.wrap(function() return redis.call('nosuch') end) return {pcall(co)}
    local s=0 local co=coroutine.wrap(function() for k,v in pairs({1,2,3}) do coroutine.yield(v) end end) for v in co do s=s+v end return s
  `),
  math: lines(String.raw`
    return {math.floor(3.7),math.floor(-3.7),math.ceil(3.2),math.ceil(-3.2)}
    return {math.max(1,3,2),math.min(3,1,2)}
    return math.max()
    return math.max('x')
    return tostring(math.max(1,'5'))
    return tostring(math.abs(-5.5))
    return tostring(math.sqrt(2))
    return tostring(math.pi)
    return tostring(math.huge)
    return tostring(math.fmod(7,3))..tostring(math.fmod(-7,3))
    return tostring(math.mod(7,3))
    return {tostring(math.modf(3.7)),tostring(select(2,math.modf(3.5)))}
    return {tostring(math.modf(-3.5)),tostring(select(2,math.modf(-3.5)))}
    return {tostring(math.modf(1/0)),tostring(select(2,math.modf(1/0)))}
    return {tostring(math.frexp(8)),select(2,math.frexp(8))}
    return {tostring(math.frexp(0.1)),select(2,math.frexp(0.1))}
    return {tostring(math.frexp(0)),select(2,math.frexp(0))}
    return tostring(math.ldexp(0.5,4))
    return tostring(math.pow(2,10))
    return tostring(math.log(10))..tostring(math.log10(1000))
    return tostring(math.exp(1))
    return tostring(math.sin(1))..tostring(math.cos(1))..tostring(math.tan(1))
    return tostring(math.asin(1))..tostring(math.acos(0))..tostring(math.atan(1))..tostring(math.atan2(1,2))
    return tostring(math.sinh(1))..tostring(math.cosh(1))..tostring(math.tanh(1))
    return tostring(math.deg(math.pi))..tostring(math.rad(180))
    math.randomseed(0) return {tostring(math.random()),tostring(math.random()),tostring(math.random())}
    math.randomseed(7) return {math.random(10),math.random(10),math.random(10)}
    math.randomseed(7) return {math.random(5,10),math.random(5,10),math.random(-3,3)}
    math.randomseed(42) return {math.random(1000),math.random(1000)}
    math.randomseed(-1) return {math.random(1000),math.random(1000)}
    math.randomseed(123456789) return tostring(math.random())
    return math.random(0)
    return math.random(5,1)
    return math.random(1,2,3)
    return math.randomseed()
    return math.random('x')
    return math.floor('x')
    return math.floor()
    return math.floor({})
    return math.floor('3.7')
    return tostring(math.floor(-0.5))
    return tostring(math.ceil(-0.5))
    return math.nosuch
    return {bit.band(0xff,0x0f),bit.bor(1,2,4),bit.bxor(5,3),bit.bnot(0)}
    return {bit.lshift(1,4),bit.rshift(256,4),bit.arshift(-256,4),bit.rshift(-1,28)}
    return {bit.rol(0x12345678,12),bit.ror(0x12345678,12),bit.bswap(0x12345678)}
    return {bit.tobit(0xffffffff),bit.tobit(2^31),bit.tobit(2^32+5),bit.tobit(-1)}
    return {bit.tohex(1),bit.tohex(-1),bit.tohex(255,2),bit.tohex(255,-4),bit.tohex(255,0)}
    return {bit.tobit(1.5),bit.tobit(2.5),bit.tobit(-1.5)}
    return bit.band()
    return bit.band('x')
    return bit.band('7',3)
    return bit.lshift(1)
    return {bit.lshift(1,32),bit.lshift(1,33),bit.lshift(1,-1)}
    return bit.tobit(1e300)
  `),
  cjson: lines(String.raw`
    return cjson.encode({})
    return cjson.encode({1,2,3})
    return cjson.encode({a=1})
    return cjson.encode('a/b"c\\d\n\r\t\b\f\1\127')
    return cjson.encode('\195\169\255')
    return cjson.encode(1)
    return cjson.encode(1.5)
    return cjson.encode(0.1)
    return cjson.encode(1/3)
    return cjson.encode(1e15)
    return cjson.encode(123456789012345)
    return cjson.encode(1e100)
    return cjson.encode(-0)
    return cjson.encode(1/0)
    return cjson.encode(0/0)
    return cjson.encode(nil)
    return cjson.encode(true)
    return cjson.encode(cjson.null)
    return cjson.encode({cjson.null,1})
    return cjson.encode({1,nil,3})
    return cjson.encode({1,nil,nil,nil,5})
    return cjson.encode({[1]=1,[20]=2})
    return cjson.encode({[10]=1})
    return cjson.encode({[11]=1})
    return cjson.encode({[1.5]=1})
    return cjson.encode({[0]=1})
    return cjson.encode({[-1]=1})
    return cjson.encode({[1]=1,x=2}):len()
    return cjson.encode({['1']=1})
    return cjson.encode({[true]=1})
    return cjson.encode({[{}]=1})
    return cjson.encode({function() end})
    return cjson.encode(function() end)
    return cjson.encode(coroutine.create(function() end))
    return cjson.encode({{{}}})
    return cjson.encode({a={b={c={1}}}})
    local t={} for i=1,999 do t={t} end return cjson.encode(t):len()
    local t={} for i=1,1000 do t={t} end return cjson.encode(t):len()
    local t={} t[1]=t return cjson.encode(t)
    return cjson.encode()
    return cjson.encode(1,2)
    return cjson.encode(setmetatable({},{__index={a=1}}))
    return cjson.encode({'a','b',n=nil})
    return cjson.decode('1')
    return cjson.decode('"x"')
    return cjson.decode('[1,2,3]')
    return cjson.decode('{"a":1}').a
    return cjson.decode('{"a":{"b":[1,{"c":2}]}}').a.b[2].c
    return tostring(cjson.decode('null'))
    return cjson.decode('null') == cjson.null
    return cjson.decode('true')
    return tostring(cjson.decode('false'))
    return tostring(cjson.decode('1.5e3'))
    return tostring(cjson.decode('-0.5'))
    return tostring(cjson.decode('0x10'))
    return tostring(cjson.decode('012'))
    return tostring(cjson.decode('1.'))
    return tostring(cjson.decode('inf'))
    return tostring(cjson.decode('-inf'))
    return tostring(cjson.decode('Infinity'))
    return tostring(cjson.decode('+1'))
    return cjson.decode('.5')
    return cjson.decode('1e400') == math.huge
    return cjson.decode('12345678901234567890') == 12345678901234567890
    return cjson.decode('  [ 1 , 2 ]  ')
    return #cjson.decode('[]')
    return #cjson.decode('{}')
    return cjson.decode('"\\u00e9\\u20ac\\ud83d\\ude00"')
    return cjson.decode('"\\ud83d"')
    return cjson.decode('"\\ude00"')
    return cjson.decode('"\\ud83dx"')
    return cjson.decode('"\\ud83d\\u0041"')
    return cjson.decode('"\\u12"')
    return cjson.decode('"\\x"')
    return cjson.decode('"\\n\\t\\"\\\\\\/\\b\\f\\r"')
    return cjson.decode('"\\u0000"')
    return cjson.decode('"a\nb"')
    return cjson.decode('"\255\1"')
    return cjson.decode('"abc')
    return cjson.decode('')
    return cjson.decode(' ')
    return cjson.decode('[1,2')
    return cjson.decode('[1 2]')
    return cjson.decode('[1,]')
    return cjson.decode('[,]')
    return cjson.decode('{')
    return cjson.decode('{1:2}')
    return cjson.decode('{"a"}')
    return cjson.decode('{"a" 1}')
    return cjson.decode('{"a":}')
    return cjson.decode('{"a":1')
    return cjson.decode('{"a":1,}')
    return cjson.decode('{"a":1 "b":2}')
    return cjson.decode('{"a":1,"a":2}').a
    return cjson.decode('1 2')
    return cjson.decode('1x')
    return cjson.decode('tru')
    return cjson.decode('nul')
    return cjson.decode('True')
    return cjson.decode('nan') ~= nil
    return cjson.decode('@')
    return cjson.decode(']')
    return cjson.decode(':')
    return cjson.decode('-')
    return cjson.decode('--1')
    return cjson.decode('1-')
    return cjson.decode('\0\0')
    return cjson.decode('[1,\0]')
    return cjson.decode('1\0')
    return cjson.decode(5)
    return cjson.decode({})
    return cjson.decode()
    return cjson.decode('1','2')
    return cjson.decode(nil)
    return #cjson.decode(string.rep('[',1000)..string.rep(']',1000))
    return cjson.decode(string.rep('[',1001)..string.rep(']',1001))
    return cjson.decode('[1,null,3]')[3]
    return cjson.decode('[null]')[1] == cjson.null
    return {pcall(cjson.decode,'{')}
    return {pcall(cjson.encode,function() end)}
    return cjson.encode(cjson.decode('{"a":[1,2,{"b":null}],"c":"d/e"}')['a'])
    cjson.encode_sparse_array(true) return cjson.encode({[20]=1})
    cjson.encode_sparse_array(false,2,30) return cjson.encode({[20]=1}):len()
    return {cjson.encode_max_depth(5)}
    cjson.encode_max_depth(2) return {cjson.encode({{1}}),pcall(cjson.encode,{{{1}}})}
    cjson.decode_max_depth(1) return {pcall(cjson.decode,'[[1]]')}
    cjson.encode_number_precision(3) return cjson.encode(3.14159)
    return cjson.encode_number_precision(17)
    cjson.encode_invalid_numbers('null') return cjson.encode({1/0,0/0})
    cjson.encode_invalid_numbers(true) return cjson.encode({1/0,-1/0})
    cjson.decode_invalid_numbers(false) return {pcall(cjson.decode,'0x10'),pcall(cjson.decode,'-inf')}
    return cjson.encode_invalid_numbers('bogus')
    return {tostring(cjson.encode_keep_buffer(true))}
    return cjson.encode_max_depth(0)
    return cjson.encode_max_depth(1,2)
    return cjson._NAME
    return cjson.nosuch
  `),
  packing: lines(String.raw`
    return cmsgpack.pack(1)
    return {cmsgpack.pack(0),cmsgpack.pack(127),cmsgpack.pack(128),cmsgpack.pack(255),cmsgpack.pack(256),cmsgpack.pack(65535),cmsgpack.pack(65536),cmsgpack.pack(4294967295),cmsgpack.pack(4294967296)}
    return {cmsgpack.pack(-1),cmsgpack.pack(-32),cmsgpack.pack(-33),cmsgpack.pack(-128),cmsgpack.pack(-129),cmsgpack.pack(-32768),cmsgpack.pack(-32769),cmsgpack.pack(-2147483648),cmsgpack.pack(-2147483649)}
    return {cmsgpack.pack(1.5),cmsgpack.pack(0.1),cmsgpack.pack(1e300),cmsgpack.pack(1/0),cmsgpack.pack(-0.5)}
    return {cmsgpack.pack(2^53),cmsgpack.pack(-2^53),cmsgpack.pack(2^62)}
    return {cmsgpack.pack(2^63),cmsgpack.pack(2^64),cmsgpack.pack(1e19)}
    return {cmsgpack.pack(nil),cmsgpack.pack(true),cmsgpack.pack(false),cmsgpack.pack(cjson.null),cmsgpack.pack(function() end)}
    return {cmsgpack.pack(''),cmsgpack.pack('abc'),cmsgpack.pack(string.rep('x',31)),cmsgpack.pack(string.rep('x',32)),cmsgpack.pack(string.rep('x',255)),cmsgpack.pack(string.rep('x',256))}
    return cmsgpack.pack(string.rep('x',65536)):sub(1,6)
    return {cmsgpack.pack({}),cmsgpack.pack({1,2,3}),cmsgpack.pack({a=1}),cmsgpack.pack({1,nil,3})}
    local t={} for i=1,16 do t[i]=i end return cmsgpack.pack(t)
    return cmsgpack.pack({[1]=1,[3]=3})
    return cmsgpack.pack(1,'a',{2})
    return cmsgpack.pack()
    local t={} t.t=t return cmsgpack.pack(t)
    local t={1} for i=1,20 do t={t} end return cmsgpack.pack(t)
    return {cmsgpack.unpack(cmsgpack.pack(1,'a',true,nil,2.5))}
    return cmsgpack.unpack(cmsgpack.pack({1,{2,'x'},{a=3}}))[3].a
    return {cmsgpack.unpack('\204\255\205\1\0\206\0\1\0\0\207\0\0\0\1\0\0\0\0')}
    return {cmsgpack.unpack('\208\128\209\128\0\210\128\0\0\0\211\255\255\255\255\255\255\255\255')}
    return tostring(cmsgpack.unpack('\207\255\255\255\255\255\255\255\255'))
    return {cmsgpack.unpack('\217\3abc\218\0\2de\219\0\0\0\1f')}
    return cmsgpack.unpack('\220\0\2\1\2')
    return cmsgpack.unpack('\221\0\0\0\2\1\2')
    return cmsgpack.unpack('\222\0\1\161a\1').a
    return cmsgpack.unpack('\223\0\0\0\1\161a\1').a
    return tostring(cmsgpack.unpack('\202\63\192\0\0'))
    return tostring(cmsgpack.unpack('\203\63\248\0\0\0\0\0\0'))
    return tostring(cmsgpack.unpack('\192'))
    return {cmsgpack.unpack('')}
    return cmsgpack.unpack('\193')
    return cmsgpack.unpack('\212\1\1')
    return cmsgpack.unpack('\163ab')
    return cmsgpack.unpack('\147\1\2')
    return cmsgpack.unpack('\205\1')
    return cmsgpack.unpack('\129\192\1')
    return cmsgpack.unpack()
    return cmsgpack.unpack({})
    return {cmsgpack.unpack_one(cmsgpack.pack(1,2,3))}
    return {cmsgpack.unpack_one(cmsgpack.pack(1,2,3),1)}
    return {cmsgpack.unpack_one(cmsgpack.pack(1,2,3),2)}
    return {cmsgpack.unpack_one(cmsgpack.pack(1,2,3),3)}
    return {cmsgpack.unpack_one(cmsgpack.pack(1,2,3),4)}
    return {cmsgpack.unpack_one(cmsgpack.pack(1,2,3),-1)}
    return {cmsgpack.unpack_limit(cmsgpack.pack(1,2,3),2)}
    return {cmsgpack.unpack_limit(cmsgpack.pack(1,2,3),2,1)}
    return {cmsgpack.unpack_limit(cmsgpack.pack(1,2,3),0)}
    return {cmsgpack.unpack_limit(cmsgpack.pack(1,2,3),0,1)}
    return {cmsgpack.unpack_limit(cmsgpack.pack(1,2,3),10)}
    return {cmsgpack.unpack_limit(cmsgpack.pack(1,2,3),-1)}
    return {cmsgpack.unpack_limit(cmsgpack.pack(1))}
    return cmsgpack._NAME
    return struct.pack('i',1)
    return struct.pack('>i',1)
    return struct.pack('<i',1)
    return struct.pack('bBhHlLiIT',1,2,3,4,5,6,7,8,9)
    return struct.pack('>bBhHlLiIT',-1,2,-3,4,-5,6,-7,8,9)
    return struct.pack('i1i2i3i4i5i8',1,2,3,4,5,6)
    return struct.pack('>I16',1)
    return struct.pack('i33',1)
    return struct.pack('f',1.5)
    return struct.pack('d',1.5)
    return struct.pack('>d',-0.1)
    return struct.pack('s','abc')
    return struct.pack('c2','abc')
    return struct.pack('c0','abc')
    return struct.pack('c5','abc')
    return struct.pack('bxb',1,2)
    return struct.pack('!4bi',1,2)
    return struct.pack('!bd',1,2)
    return struct.pack('!3i',1)
    return struct.pack('b',300)
    return struct.pack('b',-1)
    return struct.pack('i',1.9)
    return struct.pack('i','5')
    return struct.pack('i','x')
    return struct.pack('i')
    return struct.pack('z',1)
    return struct.pack('i99999999999',1)
    return struct.pack()
    return struct.pack('')
    return struct.pack('> i < i',1,1)
    return {struct.unpack('i',struct.pack('i',-5))}
    return {struct.unpack('>I',struct.pack('>I',4294967295))}
    return {struct.unpack('bB','\255\255')}
    return {struct.unpack('hH','\255\255\255\255')}
    return {struct.unpack('l',struct.pack('l',-1))}
    return {tostring((struct.unpack('L',struct.pack('l',-1))))}
    return {tostring((struct.unpack('f',struct.pack('f',0.1)))),tostring((struct.unpack('d',struct.pack('d',0.1))))}
    return {struct.unpack('s','abc\0def')}
    return {struct.unpack('s','abc')}
    return {struct.unpack('c3','abcdef')}
    return {struct.unpack('Bc0','\3abcdef')}
    return {struct.unpack('c0','abc')}
    return {struct.unpack('i','abc')}
    return {struct.unpack('bxb','\1\2\3')}
    return {struct.unpack('b','\1\2\3',2)}
    return {struct.unpack('b','\1\2\3',4)}
    return {struct.unpack('b','\1\2\3',0)}
    return {struct.unpack('i3','\1\2\255')}
    return {struct.unpack('>i3','\255\255\254')}
    return {struct.size('i'),struct.size('!bd'),struct.size('c10'),struct.size('bhilT')}
    return struct.size('s')
    return struct.size('c0')
    return struct.size('z')
    return struct.size()
    return {struct.unpack('!4bi','\1\0\0\0\2\0\0\0')}
  `),
};
