"""The patterns of dates and times as data; see ``date_grammar`` for how they are written.

Stages run one after the other. What an earlier one reduced to a ``D`` (days), ``P`` (a stretch that
may be narrowed: a month, a week), ``T`` (a time of the day) or ``LOOSE`` (days that come again) can
be a part in a later one, so "del lunes al miércoles de la semana pasada" is read from the inside
out. In a stage the longest find wins.
"""

from nlp.entities.date_grammar import rules, short_names

# Several kinds, or a phrase, under one name.
_SHORT = short_names("""
UNITT = [MINS HORAS]
DAY = [N12 N24 N31]
COUNT = [UN PAR N12 N24 N31 N59 N999 BIG]
NUMBER = [N12 N24 N31 N59 N999 BIG]
HOUR = [N12 N24 ZERO]
MINUTE = [ZERO N12 N24 N31 N59]
MONTHS = [MONTH MONTHEN MON]
ANYDAY = [WEEKDAY WD]
ANYUNIT = [DIA DIAS SEMANA UNIT UNITS ANO FINDE QUINCENA]
COUNTED = [DIAS UNITS DIA SEMANA UNIT ANO QUINCENA]
SPAN = [SEMANA UNIT ANO FINDE QUINCENA]
OF = (?:DE LA|DE EL|DEL|DE)
THE = [EL LA LOS LAS]
AFTER = (?:PAST|NEXT|ULT|THIS|ANTEPAST|QUE VIENE|QUE PASO)
BEFORE = [THIS PAST ULT NEXT ANTEPAST]
MANY = [ULTS PASTS NEXTS PAST NEXT]
NTH = (?:[ORD ULT CUARTO]|ORD ORD|N12 TH)
AROUND = (?:APPROX|TIPO DE?|SOBRE DE?|MAS DE|MENOS DE)
HALF = (?:AMPM|M|[DE EN POR] LA? (?:PART|MANANA)|DEL (?:DIA|NOON|PART)|DE EL PART)
TO = [A AL HASTA DASH]
FROM = [DE DEL DESDE ENTRE]
PM = [AMPM M]
NAMEDYEAR = (?:THIS ANO|ANO PAST|ANO NEXT|ANO QUE VIENE|NEXT ANO|ULT ANO|PAST ANO)
NARROWER = OF [EL LA]? (?:MONTHS|P|YEAR|UNIT|ANO|SEMANA|BEFORE)
YEARS = (?: (?:COMMA|OF|DASH|SLASH)? (?:DEL ANO|OF ANO|ANO)? <year:YEAR> | (?:OF|DASH|SLASH)
     QUOTE? <short:[N24 N31 N59 N999]> (?!UNITT) | OF <named:NAMEDYEAR> )
NUMBERED = <day:DAY|ORD|ORD ORD|DAY [TH ENTH]>
ATHOUR = <x:[LAS LA] <hour:HOUR|UN> <minute:MINUTE>? HORAS? (?:EN PUNTO)? <half:HALF>?>
NOHOUR = TH|UNITS|DIAS|UNIT|SLASH|MONTHS|OF MONTHS|DOT NUMBER|DASH NUMBER|Y MEDIA|Y MINUTE|OF
     P|ULTS|PASTS|NEXTS|ORDS
NODAY = THING|BIG|ANYUNIT|UNITT|SLASH|DOT NUMBER|DASH NUMBER|M|AMPM|DE W|TH|COMMA NUMBER|H|OF?
     MONTHS|POR N999|POR W
WHEN = [D P LOOSE]
JOINT = COMMA? (?:[A POR EN AT NA DE DESDE APPROX MAS TIPO COMMA HASTA]|ANTES DE|DESPUES DE)*
     (?:[LA LAS EL])?
""")

# What stands by itself: written dates, months, counted days, times of the day.
_WORDS_AND_FIGURES = """
W  nothing: (?:[LOS CADA]|CADA LOS) (?:ANYDAY|FIN DE SEMANA|FINDE)
W  nothing: CADA (?:LOS|LAS)? COUNT? (?:ANYUNIT|UNITT|PART|MANANA)
P  month_of_year: <month:MONTHS> DOT? YEARS
P  month_of_year: <year:YEAR> COMMA? <month:MONTHS>
P  month_of_year: <my:MY>
P  month_beside: <side:BEFORE> <month:MONTHS>
P  month_beside: <month:MONTH|MONTHEN> <side:PAST|NEXT|QUE VIENE>
P  month: UNIT DE <x:<month:MONTHS>>
P  month_beside: <side:BEFORE> UNIT DE <month:MONTHS>
P  unit_beside: <side:BEFORE> MISMO? <unit:SPAN> (?!NARROWER)
P  unit_beside: <unit:SPAN> <side:AFTER>
P  unit_beside: [LA EL] <x:<side:OTRA> <unit:SPAN>>
P  unit_beside: <unit:DIA> <side:NEXT|PAST>
P  unit_beside: <side:NEXT|ULT> <unit:DIA> (?!OF W)
P  unit_after_next: <unit:SPAN> (?:DESPUES OF?) [LA EL]? NEXT (?:SEMANA|UNIT|ANO)?
P  weekend: FIN DE SEMANA <side:AFTER>
P  weekend: [EL DEL AL] <x:FIN DE SEMANA <side:AFTER>?>
P  weekend: <side:BEFORE> (?:FIN DE SEMANA)
P  weekend_after_next: FIN DE SEMANA DESPUES OF? [LA EL]? NEXT
P  weekend: [EL DEL AL] <x:FINDE>
P  part_of_year: <nth:NTH> <unit:UNIT|CUARTO>(?:YEARS)?
P  part_of_year: <year:YEAR> EL? <nth:NTH> <unit:UNIT>
P  part_of_year: <unit:UNIT> <nth:N12> (?:OF <year:YEAR>)
P  week_of_year: SEMANA <week:[N12 N24 N31 N59]>(?:YEARS)
P  week_of_year:
     (?:DE LA|ENTRE LA|HASTA LA|A LA|Y LA|DESDE LA|DESDE|ENTRE|HASTA|Y|EN) <x:SEMANA <week:[N12
     N24 N31 N59]>>
P  year: (?<!BIG) (?<!N999) (?<!LONG) (?:EN|DE|DEL|ANO|DESDE|HASTA|DURANTE|A|ENTRE|Y)
     <x:<year:YEAR>> (?!SLASH|DASH|COMMA? MONTHS)
P  bare_year: PARA <x:<year:YEAR>> (?!SLASH|DASH)
P  bare_year: W <x:<year:YEAR>> (?=STOP|COMMA|DOT|$)
P  years: <year:YEAR> (?:DASH) <last:YEAR>
P  feast: (?:PARA EL|EN EL|DURANTE EL|DESDE EL|HASTA EL) <x:<name:HOLIDAY>>
P  feast: <name:HOLIDAY> <after:AFTER>
P  feast: <side:BEFORE> <name:HOLIDAY>
P  feast: <side:BEFORE>? <name:FEAST> (?:<after:AFTER>|YEARS|[DE DEL] <inside:THIS ANO>)?
D  written: <ymd:YMD>
D  days_of: <x:FROM? EL? DIA? <a:DAY> (?:TO|Y) (?:EL|LA)? DIA? <b:DAY> OF? <stretch:MONTHS>YEARS?>
D  days_of: FROM? EL? <pair:DASHED> OF? <stretch:MONTHS>YEARS?
D  day_of_month: (?:<weekday:ANYDAY> COMMA? DIA?)? NUMBERED DOT? (?:OF|DASH|SLASH|DE UNIT DE)?
     <month:MONTHS> (?:DOT? YEARS | DOT)?
D  day_of_month: <month:MONTHS> DOT? <day:DAY|ORD|DAY TH> (?!W|THING|ANYUNIT|UNITT) (?:COMMA? OF?
     <year:YEAR>)?
D  day_of_month:
     (?:ANYDAY|EL|AL|DEL|DESDE|HASTA|PARA|DIA) <x:<day:DAY> DEL <number:N12>> (?!ANYUNIT|THING)
D  day_of_month: <month:MONTHEN> <day:DAY ENTH|DAY> (?:COMMA? <year:YEAR>)?
D  day_month: <dm:DM>
D  day_month: (?:EL|AL|DEL|ANYDAY) <x:<dm:DOTTED|DASHED>> (?!OF? MONTHS|DE P|AMPM|H)
D  weekday_number:
     <weekday:ANYDAY> COMMA? DIA? <day:DAY> (?!DASH|SLASH|OF? MONTHS|THING|UNITT|OF P)
D  relative:
     (?:EL? DIA DE)? <word:HOY|AYER|ANTIER|TRASANTIER|AMANHA|ANOCHE|ANTENOCHE|TONIGHT> (?!EN
     DIA) MISMO?
D  relative: (?<!LA) (?<!THIS) (?<!UN) (?:EL? DIA DE)? <word:MANANA> MISMO?
D  relative: <word:PAST MANANA>
D  last_night: ULT <part:PART>
D  relative:
     (?:EL? DIA)? <word:ANTES OF? (?:AYER|ANOCHE) | [EL]? DIA ANTES DE AYER | [EL]? DIA PAST A
     AYER>
D  relative: (?:EL)? <word:DIA DESPUES OF? (?:MANANA|AMANHA)>
D  weekday_again:
     [DE EL AL DEL] <x:<start:HOY|MANANA|ANYDAY> EN <count:N12|N24> DIAS?> (?!UNITT|THING|AMPM)
D  ago: <x:HACE AROUND* (?:UN (?=PAR))? <count:COUNT> OF? <unit:COUNTED|UNITT|H> <half:Y
     (?:MEDIA|MEDIO)>? (?:Y <more:COUNT> <unitb:COUNTED|UNITT>)?> AGO?
D  ago: HACE AROUND* <count:MEDIA> <unit:UNITT>
D  ago: <count:COUNT> <unit:COUNTED|UNITT|H> <ago:[AGO MON]>
D  ahead:
     <within:EN|DENTRO DE|DE AQUI A|DE AQUI EN> <around:AROUND+>? (?:UN (?=PAR))? <count:COUNT>
     <unit:COUNTED|UNITT|H> <half:Y (?:MEDIA|MEDIO)>? (?:COMMA <extra:COUNT> <unitc:COUNTED>)?
     (?:Y <more:COUNT> <unitb:COUNTED|UNITT>)? (?:A PARTIR DE <anchor:HOY|MANANA|AQUI>)?
     (?!HABIL|AGO|PASTS|PAST)
D  ahead: <within:EN|DENTRO DE> <count:MEDIA> <unit:UNITT>
D  ahead: <count:COUNT> <unit:COUNTED|UNITT> (?:A PARTIR DE|DESPUES DE) <anchor:HOY|MANANA>
D  since: (?:LLEVO|APPROX SON) AROUND* (?:UN (?=PAR))? <x:<count:COUNT> OF? <unit:COUNTED|UNITT>>
D  since: LLEVO AROUND* <x:<count:MEDIA> <unit:UNITT>>
D  since: <x:<count:COUNT> <unit:COUNTED|UNITT>> Y? SIN
D  counted: <side:MANY> <count:COUNT> <unit:COUNTED> (?!NARROWER)
D  counted: <count:COUNT> <side:ULTS|NEXTS|PASTS> <unit:COUNTED>
D  counted: <count:COUNT> <unit:COUNTED> <side:NEXTS|PASTS|QUE VIENE>
D  counted: <side:ULTS|NEXTS|PASTS> <unit:DIAS|UNITS> (?!NARROWER)
T  clock: (?:A|DESDE|HASTA|TIPO|SON|APPROX|ANTES DE|DESPUES DE|TIPO DE) ATHOUR (?!THING|NOHOUR)
T  clock: (?:DE|ENTRE|Y|PARA|POR|EN) <x:LAS <hour:HOUR> <minute:MINUTE>? <half:HALF>?>
     (?!W|THING|UNITT|NOHOUR)
T  clock: LAS? <hour:HOUR> (?:H|EN PUNTO|PUNTO) <half:HALF>? (?!AGO)
T  clock: LAS <hour:HOUR> HORAS <half:HALF>? (?!DE W|SIN|THING)
T  clock: <x:[LAS LA] <hour:HOUR|UN> Y <minute:MINUTE> <half:HALF>?> (?!UNITS|DIAS|W|THING|LAS|OF?
     MONTHS)
T  clock: [LAS LA]? <hour:HOUR> Y <minute:MINUTE> <half:HALF>
T  clock: [LAS LA]? <hour:HOUR|UN> <half:PM>? Y <plus:MEDIA|CUARTO|PUNTO> (?:EN PUNTO)?
     <halfb:HALF>?
T  clock: LA? <hour:UN> <half:[DE EN POR] LA PART | [DE] LA MANANA>
T  clock: [LAS LA]? <hour:HOUR> <half:PM>? MENOS <less:CUARTO|MINUTE> <halfb:HALF>?
T  clock: [LAS LA]? <hour:HOUR> <minute:MINUTE>? <half:PM | [DE] LA (?:PART|MANANA) | DEL
     (?:DIA|NOON)>
T  clock: LAS? <hhmm:N999|BIG> <half:AMPM>
T  clock: [LAS LA]? <clock:CLOCK> (?:H|HORAS)? <half:HALF>?
T  clock: LAS <dotted:DOTTED> (?:H|HORAS)? <half:HALF>?
T  clock: <dotted:DOTTED> (?:H|HORAS)? <half:PM|[DE] LA PART>
T  bare_clocks:
     ENTRE LAS? <a:HOUR|CLOCK|DOTTED> [Y A DASH] LAS? <b:HOUR|CLOCK|DOTTED> <half:HALF>?
     (?!THING|ANYUNIT|UNITT|OF? MONTHS|OF P|W|SLASH|OF? BEFORE)
T  bare_clocks: ENTRE LAS <a:HOUR|CLOCK|DOTTED> Y LAS <b:HOUR|CLOCK|DOTTED> <half:HALF>?
T  part: [AYER HOY AMANHA ANTIER] A <x:<part:PART>>
T  clock: AT <x:<hour:HOUR> <half:HALF>?> (?!W|THING|ANYUNIT|UNITT|OF? MONTHS)
T  clock: [HOY AYER AMANHA MANANA TONIGHT WEEKDAY] AT <x:<hour:HOUR>> (?!THING|ANYUNIT|UNITT)
T  clock: TIPO <x:<hour:HOUR> <half:HALF>?> (?!W|THING|ANYUNIT|UNITT|OF? MONTHS)
T  clock: [HOY AYER ANTIER MANANA WEEKDAY] TIPO <x:<hour:HOUR>> (?!THING|ANYUNIT|UNITT|OF? MONTHS)
T  around_hour:
     <minutes:MINUTE|CUARTO> <unit:UNITT>? <side:PARA|ANTES DE|PASTS DE?> LAS <hour:HOUR|CLOCK>
     <minute:[N12 N24 N31 N59]>? <half:HALF>?
T  part: (?:THIS|[EN POR A] LA|[EN] EL|TODO LA|TODO THIS) MISMO? <part:PART|MANANA>
T  part: (?:[A]? MEDIA|A LA MEDIA) <middle:PART|MANANA>
T  part: <part:NOON|MEDIO DIA|MEDIA PART>
"""

# What is made of months, weeks, weekdays and bare numbers.
_NARROWED = """
D  days_of: <x:FROM? EL? <a:DAY> (?:TO|Y) (?:EL|LA)? <b:DAY> OF? <stretch:P>>
D  days_of: FROM? EL? <pair:DASHED> OF? <stretch:P>
D  day_of: <day:DAY> OF <stretch:P>
D  weekday_of: <weekday:WEEKDAY> (?:OF|COMMA)? [LA EL]? <stretch:P>
D  weekdays_of: <x:FROM EL? <a:WEEKDAY> (?:TO|Y) EL? <b:WEEKDAY> OF? [LA]? <stretch:P|SEMANA>>
D  weekdays_of: <stretch:P> COMMA? FROM EL? <a:WEEKDAY> (?:TO|Y) EL? <b:WEEKDAY>
D  nth_weekday_of: <nth:NTH> <weekday:WEEKDAY> OF <stretch:P|MONTHS>
D  nth_day: <nth:ORD|ULT> DIA OF [LA]? <stretch:P|UNIT|ANO|SEMANA|MONTHS>
D  nth_week: <nth:NTH> <unit:SEMANA|QUINCENA> OF? [EL LA]? <stretch:P|MONTH|MON|YEAR|UNIT|ANO>
D  week_of: SEMANA OF EL? <day:D|LOOSE|DAY>
D  month_with: UNIT OF <day:D|LOOSE>
D  edge: <edge:FIN|INI|MED|MITAD> OF? [LA]? <stretch:P|MONTHS|UNIT|SEMANA|ANO>
D  edge: <edge:ORDS|ULTS> DIAS OF? [LA]? <stretch:P|MONTHS|UNIT|SEMANA|ANO>
D  mitad: <nth:NTH> (?:MITAD|QUINCENA) OF [LA]? <stretch:P|UNIT|SEMANA|ANO|YEAR>
D  first_months: <edge:ORDS|ULTS> <count:COUNT> <unit:UNITS|DIAS> OF? [LA]?
     <stretch:P|UNIT|ANO|SEMANA|MONTHS>
D  rest: (?:RESTO|LO QUE QUEDA) OF? [LA]? <stretch:P|UNIT|ANO|SEMANA|DIA>
D  so_far: LO (?:QUE VA|CORRIDO) OF? [EL LA]? <stretch:P|UNIT|ANO|SEMANA|DIA>
"""

# Bare weekdays, months and numbers; stretches of the day.
_LEFT_OVER = """
LOOSE day: DEL <x:<day:DAY>> (?=AL DAY)
LOOSE fortnight: (?:PARA|EN|ANTES DE|HASTA|DESDE|DE) LA <x:<unit:QUINCENA>>
LOOSE portuguese_weekday: NA <x:<day:ORD>> (?!W|SEMANA|UNIT|OF|ORD|QUINCENA)
LOOSE portuguese_weekday: <day:ORD> (?=AT)
LOOSE weekday: <side:BEFORE>? MISMO? <weekday:WEEKDAY> <after:AFTER>?
LOOSE month: <month:MONTH|MONTHEN>
LOOSE month: (?:EN|DE|DESDE|HASTA|A|ENTRE|DURANTE) <x:<month:MON>> (?!W)
LOOSE day:
     (?:EL|DESDE EL|HASTA EL|PARA EL|ANTES DEL|AL|DESDE|HASTA|DEL)? <x:DIA <day:DAY>> (?!NODAY)
LOOSE day: (?:DESDE EL|HASTA EL|PARA EL|ANTES DEL|DESDE|HASTA) <x:<day:DAY>> (?!NODAY)
LOOSE day: EL <x:<day:DAY> ENTH> (?!W)
LOOSE day_in_figures: [EL AL] <x:<day:DAY>> (?!NODAY)
LOOSE day_in_figures: EVENT DEL <x:<day:DAY>> (?!NODAY)
LOOSE unit: (?:DE|EN|A) LA <x:<unit:SEMANA>> (?=STOP|COMMA|$)
T  bare_clocks:
     [DE DEL DESDE] LAS? <a:HOUR|CLOCK|DOTTED> [A HASTA DASH] LAS? <b:HOUR|CLOCK|DOTTED>
     <half:HALF>? (?!THING|ANYUNIT|UNITT|OF? MONTHS|OF P|DE W|SLASH)
T  bare_clocks: DE <a:HOUR> A <b:HOUR> (?!W|THING|ANYUNIT|UNITT|OF? MONTHS|OF P|SLASH|DE W)
T  clocks: [DE DEL DESDE]? LAS? <a:HOUR> [A HASTA DASH] LAS? <b:T>
T  clocks: ENTRE LAS? <a:HOUR> [Y A DASH] LAS? <b:T>
T  clocks: [DE DEL DESDE] LAS? <a:T> [A HASTA DASH] LAS? <b:T|HOUR>
T  clocks: ENTRE LAS? <a:T> [Y A DASH] LAS? <b:T|HOUR>
T  clocks: <a:T> (?:A|HASTA|DASH) LAS? <b:T>
T  part_clock: <clock:T> <part:T>
T  part_clock: <part:T> (?:A|COMMA|TIPO|APPROX)* LAS? <clock:T>
"""

# From one day to another; the same day said twice.
_TOGETHER = """
D  days_between: [DE DEL DESDE] THE? DIA? <a:WHEN> TO THE? DIA? <b:WHEN>
D  days_between: ENTRE THE? DIA? <a:WHEN> [Y A DASH] THE? DIA? <b:WHEN>
D  days_between: <a:WHEN> (?:HASTA|DASH|AL) THE? DIA? <b:WHEN>
D  days_between: <a:LOOSE> A <b:LOOSE>
D  two_months: <a:LOOSE> Y <b:LOOSE>
D  same_day: <a:[D LOOSE]> COMMA? <b:[D LOOSE]>
"""

# A day with its time.
_WITH_TIME = """
DT timed: <day:WHEN> JOINT <clock:T>
DT timed: <clock:T> COMMA? (?:OF|[DIA EL THIS])* <day:WHEN>
"""

# From one moment to another.
_MOMENTS = """
DT moments: FROM THE? <a:DT> (?:TO|Y) THE? <b:DT|T>
DT moments: <a:DT> (?:HASTA|DASH) THE? <b:DT|T>
"""

STAGES = tuple(
    rules(stage, _SHORT)
    for stage in (_WORDS_AND_FIGURES, _NARROWED, _LEFT_OVER, _TOGETHER, _WITH_TIME, _MOMENTS)
)
