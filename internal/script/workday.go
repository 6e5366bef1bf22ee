package script

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cockroachdb/apd/v3"
)

// businessFunctions reckon with the days and hours at which people work: Monday to Friday but for holidays, from 9 to
// 17 o'clock, where the arguments say nothing else.
func businessFunctions() []builtin {
	dates := on(KindDate, KindText)
	moved := func(name, about, example, prints string, step int) builtin {
		return method(dates, name, "number, [weekends], [holidays]", about, example, prints, func(c *calling, args []Value) (Value, error) {
			d, err := c.dateArg(args, 0)
			if err != nil {
				return Value{}, err
			}
			n, err := c.numberArg(args, 1)
			if err != nil {
				return Value{}, err
			}
			week, err := c.weekArgs(args, 2)
			if err != nil {
				return Value{}, err
			}
			if n > maxBusiness {
				return c.fail("A date is moved by at most %d business days", maxBusiness)
			}
			at := startOfDay(d.at)
			for ; n > 0; n-- {
				if at, err = week.next(c, at, step); err != nil {
					return Value{}, err
				}
			}
			return c.newDate(at, true)
		})
	}
	return []builtin{
		moved("addBusinessDay", "The day so many business days later; a negative number moves nothing.", `info '15-Mar-2019'.addBusinessDay(1);`, "18-Mar-2019", 1),
		moved("subBusinessDay", "The day so many business days earlier; a negative number moves nothing.", `info '21-Jul-2021'.subBusinessDay(5, {"Sunday"}, {'20-Jul-2021', '19-Jul-2021'});`, "13-Jul-2021", -1),
		moved("workday", "The day so many business days later; a negative number moves nothing.", `info '23-May-2020'.workday(5, {"Sunday"}, {'25-May-2020'});`, "30-May-2020", 1),
		method(dates, "workDaysBetween", "date, [weekends], [holidays]", "The number of business days up to the other date, without the first; negative where the other one is earlier.", `info '01-Jan-2020'.workDaysBetween('06-Jan-2020', {"Saturday", "Sunday"}, {'02-Jan-2020', '03-Jan-2020'});`, "1", func(c *calling, args []Value) (Value, error) {
			from, to, week, err := c.spanArgs(args)
			if err != nil {
				return Value{}, err
			}
			step, n := 1, int64(0)
			if to.Before(from) {
				step = -1
			}
			for at := from; !at.Equal(to); {
				if at = at.AddDate(0, 0, step); week.works(at) {
					n += int64(step)
				}
			}
			return Number(n), nil
		}),
		method(dates, "workDaysList", "date, [weekends], [holidays]", "The business days from this date to the other, both of them included, as a collection; an empty one where the other is earlier.", `info '01-Jan-2020'.workDaysList('06-Jan-2020', {"Saturday", "Sunday"}, {"02-Jan-2020", "03-Jan-2020"});`, "01-Jan-2020,06-Jan-2020", func(c *calling, args []Value) (Value, error) {
			from, to, week, err := c.spanArgs(args)
			if err != nil {
				return Value{}, err
			}
			var days []Value
			for at := from; !at.After(to); at = at.AddDate(0, 0, 1) {
				if week.works(at) {
					days = append(days, Date(at, true))
				}
			}
			return c.indexed(days)
		}),
		method(dates, "addBusinessHour", "hours, [weekends], [holidays], [from and to]", "The moment so many business hours later, or earlier for a negative number. The digits behind the point are minutes: 1.30 is an hour and a half.", `info "1-Jan-2020 16:00:00".addBusinessHour(2, {"Saturday", "Sunday"}, {'2-Jan-2020', '3-Jan-2020'}, {"start": "10", "end": "17"});`, "06-Jan-2020 11:00:00", addBusinessHour),
	}
}

const maxBusiness = 10_000 // business days or hours that a date is moved by

// week says at which days and hours people work.
type week struct {
	off      [7]bool
	holidays map[int]bool // by dayNumber
	from, to int          // hours
}

func dayNumber(at time.Time) int { return (at.Year()*13+int(at.Month()))*32 + at.Day() }

func (w *week) works(at time.Time) bool { return !w.off[at.Weekday()] && !w.holidays[dayNumber(at)] }

// next is the next business day, or with -1 the one before.
func (w *week) next(c *calling, at time.Time, step int) (time.Time, error) {
	for {
		at = at.AddDate(0, 0, step)
		if w.works(at) {
			return at, nil
		}
		if !within(at) {
			return at, failure(c.Pos, "A date lies between the years 1 and 9999")
		}
		if err := c.late(c.Pos); err != nil {
			return at, err
		}
	}
}

// weekArgs are the days off as a list of their names and the holidays as a list of dates.
func (c *calling) weekArgs(args []Value, i int) (*week, error) {
	w := &week{holidays: map[int]bool{}, from: 9, to: 17}
	w.off[time.Saturday], w.off[time.Sunday] = true, true
	if len(args) > i {
		names, err := c.listArg(args, i)
		if err != nil {
			return nil, err
		}
		w.off = [7]bool{}
		for _, name := range names.items {
			day, ok := weekdayOf(name.text())
			if !ok {
				return nil, failure(c.Pos, "'%s' is no day of the week", cut(name.String(), 20))
			}
			w.off[day] = true
		}
		if !slices.Contains(w.off[:], false) {
			return nil, failure(c.Pos, "A week has a day at which people work")
		}
	}
	if len(args) > i+1 {
		days, err := c.listArg(args, i+1)
		if err != nil {
			return nil, err
		}
		for n := range days.items {
			d, err := c.dateArg(days.items, n)
			if err != nil {
				return nil, err
			}
			w.holidays[dayNumber(d.at.In(c.Zone))] = true
		}
	}
	return w, nil
}

func weekdayOf(name string) (time.Weekday, bool) {
	for day := time.Sunday; day <= time.Saturday; day++ {
		if full := day.String(); strings.EqualFold(name, full) || strings.EqualFold(name, full[:3]) {
			return day, true
		}
	}
	return 0, false
}

// spanArgs are two days, at most a hundred years apart, and the week.
func (c *calling) spanArgs(args []Value) (from, to time.Time, w *week, err error) {
	a, err := c.dateArg(args, 0)
	if err != nil {
		return from, to, nil, err
	}
	b, err := c.dateArg(args, 1)
	if err != nil {
		return from, to, nil, err
	}
	from, to = startOfDay(a.at), startOfDay(b.at.In(a.at.Location()))
	if to.Sub(from).Abs() > 100*366*24*time.Hour {
		return from, to, nil, failure(c.Pos, "Business days are counted over at most a hundred years")
	}
	w, err = c.weekArgs(args, 2)
	return from, to, w, err
}

func addBusinessHour(c *calling, args []Value) (Value, error) {
	d, err := c.dateArg(args, 0)
	if err != nil {
		return Value{}, err
	}
	left, back, err := c.hoursArg(args, 1)
	if err != nil {
		return Value{}, err
	}
	w, err := c.weekArgs(args, 2)
	if err != nil {
		return Value{}, err
	}
	if err := c.openArg(args, 4, w); err != nil {
		return Value{}, err
	}
	day, at := startOfDay(d.at), d.at
	for {
		open, shut := atHour(day, w.from), atHour(day, w.to)
		switch {
		case !back && at.Before(open):
			at = open
		case back && at.After(shut):
			at = shut
		}
		room := shut.Sub(at)
		if back {
			room = at.Sub(open)
		}
		if w.works(day) && room > 0 {
			if left <= room {
				if back {
					left = -left
				}
				return c.newDate(at.Add(left), false)
			}
			left -= room
		}
		step := 1
		if back {
			step = -1
		}
		if day, err = w.next(c, day, step); err != nil {
			return Value{}, err
		}
		if at = day; back {
			at = atHour(day, 24)
		}
	}
}

func atHour(day time.Time, hour int) time.Time {
	return time.Date(day.Year(), day.Month(), day.Day(), hour, 0, 0, 0, day.Location())
}

// hoursArg reads hours whose digits behind the point are minutes: 1.30 and 1.5 are an hour with 30 and with 5 minutes.
func (c *calling) hoursArg(args []Value, i int) (d time.Duration, back bool, err error) {
	v := args[i].decimal()
	if v == nil {
		return 0, false, c.wrong(args[i], "NUMBER", i)
	}
	var whole, fraction apd.Decimal
	v.Modf(&whole, &fraction)
	hours, err := whole.Int64()
	minutes := fraction.Coeff.Int64()
	if err != nil || hours > maxBusiness || hours < -maxBusiness || minutes > 9999 || !fraction.Coeff.IsInt64() {
		return 0, false, failure(c.Pos, "A date is moved by at most %d business hours", maxBusiness)
	}
	return time.Duration(max(hours, -hours))*time.Hour + time.Duration(minutes)*time.Minute, v.Negative, nil
}

// openArg reads the hours of a business day: {"start": 10, "end": 17}.
func (c *calling) openArg(args []Value, i int, w *week) error {
	if len(args) <= i {
		return nil
	}
	m := keysOf(args[i])
	if m == nil {
		return c.wrong(args[i], "MAP", i)
	}
	var err error
	for name, hour := range map[string]*int{"start": &w.from, "end": &w.to} {
		v := m.Get(Text(name))
		if v.isNull() {
			continue
		}
		if *hour, err = strconv.Atoi(v.String()); err != nil {
			break
		}
	}
	if err != nil || w.from < 0 || w.to > 24 || w.from >= w.to {
		return failure(c.Pos, "Business hours are a start and a later end, from 0 to 24")
	}
	return nil
}
