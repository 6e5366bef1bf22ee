package script

import (
	"strings"
	"testing"
	"time"
)

// The forms in which a date is written (datatypes/date-time of the reference): all of them mean the same day.
func TestFormsOfDates(t *testing.T) {
	for form := range strings.FieldsSeq(`15-Aug-47 15-Aug-2047 15-August-47 15-August-2047 08-15-47 47-08-15 15-08-47 15-08-2047 08-15-2047 2047-08-15
		47/08/15 15/08/47 08/15/47 2047/08/15 08/15/2047 15/08/2047 15.08.47 08.15.47 47.08.15 15.08.2047 08.15.2047 2047.08.15 20470815`) {
		checkForm(t, form)
	}
	for form := range strings.SplitSeq(`15 Aug,47|Aug 15,47|15 Aug,2047|Aug 15,2047|15 August,47|August 15,47|15 August,2047|August 15,2047|Thu,August 15,2047|Thu,Aug 15,2047|Aug 15 47|15 Aug 47|Aug 15 2047|15 Aug 2047|August 15 47|15 August 47|15 August 2047|August 15 2047|15 08 2047|Aug 15, 2047|2047-Aug-15|Thu, 15 Aug 2047 00:00:00 GMT|2047-08-15T00:00:00Z|2047-08-15T02:30:00+02:30`, "|") {
		checkForm(t, form)
	}
}

func checkForm(t *testing.T, form string) {
	t.Helper()
	at, _, ok := readDate(form, time.UTC)
	if want := time.Date(2047, 8, 15, 0, 0, 0, 0, time.UTC); !ok || !at.Equal(want) {
		t.Errorf("%s is %s, %t", form, at, ok)
	}
}

func TestDatesThatAreNone(t *testing.T) {
	for _, text := range []string{"", "x", "31-Feb-2018", "1.2.3", "12345", "2018", "00-Jan-2018", "01-Foo-2018", "15-08/2018", "01-Jan-2018 100:00:00", "01-Jan-20180", strings.Repeat("1", 100), "10.0.0.1", "32.13.2018", "01-Jan-0000"} {
		if at, _, ok := readDate(text, time.UTC); ok {
			t.Errorf("%q is %s", text, at)
		}
	}
}

func TestDateLiterals(t *testing.T) {
	printsAll(t, [][2]string{
		{`info '1-Jan-2019'; info '2019-01-01 05:06:07'; info '01/02/2019';`, "01-Jan-2019|01-Jan-2019 05:06:07|02-Jan-2019"},
		{`info '01-Jan-2019 24:10:10'; info '01-Jan-2019 10:60:10'; info '01-Jan-2019 10:10:60'; info "01-Jan-2019 25:00:00".toTime();`, "01-Jan-2019 00:00:00|01-Jan-2019 10:00:00|01-Jan-2019 10:10:00|01-Jan-2019 00:00:00"},
		{`info '01-Jan-2019 09:05 PM'; info '01-Jan-2019 12:05:00 am';`, "01-Jan-2019 21:05:00|01-Jan-2019 00:05:00"},
		{`l = {'Mon', 'Tue'}; info l.get(0).length(); x = ''; info x.length();`, "3|0"},
		{`info '01-Mar-2018' - '01-Feb-2018'; info '31-Jan-2018' + 1; info ('01-Jan-2018' == '2018-01-01'); info '01-Jan-2018'.equals("01-Jan-2018");`, "2419200000|01-Feb-2018|true|false"},
		{`info '01-Jan-2018' < '02-Jan-2018';`, "true"},
	})
	if got := problemsOf("x = '31-Feb-2018';"); got != "1:5 UnParsable date '31-Feb-2018': there is no such day" {
		t.Errorf("a day that there is not: %s", got)
	}
	if got := problemsOf("x = '01-Jax-2018 10:00:00';"); !strings.Contains(got, "UnParsable date") {
		t.Errorf("a month that there is not: %s", got)
	}
}

// A date in a script is one of the account's zone, whatever the zone.
func TestDatesInAZone(t *testing.T) {
	zone, err := time.LoadLocation("America/Los_Angeles")
	if err != nil {
		t.Fatal(err)
	}
	s, err := Parse(`x = '01-Jan-1970 00:00:01'; info x.toLong(); info x; info "01-Jan-1970 00:00:01".toTime() == x; info 1000.toTime();
		info '2018-07-01T00:00:00Z'; info "01-Jan-1970".unixEpoch("GMT"); info "01-Jan-1970".unixEpoch("nowhere"); info x.toString("HH:mm z", "Asia/Kolkata");`)
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Run(t.Context(), Settings{Zone: zone})
	if a := strings.Join(got.Output, "|"); err != nil || a != "28801000|01-Jan-1970 00:00:01|true|31-Dec-1969 16:00:01|30-Jun-2018 17:00:00|0|0|13:30 IST" {
		t.Errorf("printed %s, %v", a, err)
	}
}

func TestBusinessDays(t *testing.T) {
	printsAll(t, [][2]string{
		{`info '15-Mar-2019'.workday(1); info '16-Mar-2019'.workday(1); info '15-Mar-2019'.workday(0); info '15-Mar-2019 10:00:00'.workday(0 - 3);`, "18-Mar-2019|18-Mar-2019|15-Mar-2019|15-Mar-2019"},
		{`info '23-May-2020'.addBusinessDay(5, {"Sunday"}, {'25-May-2020'}); info '21-Jul-2021'.subBusinessDay(5);`, "30-May-2020|14-Jul-2021"},
		{`info "1-Jan-2020".workDaysBetween("6-Jan-2020"); info '06-Jan-2020'.workDaysBetween('01-Jan-2020'); info '06-Jan-2020'.workDaysBetween('06-Jan-2020');`, "3|-3|0"},
		{`info "1-Jan-2020".workDaysList("6-Jan-2020").size(); info '06-Jan-2020'.workDaysList('01-Jan-2020').size();`, "4|0"},
		{`info '15-Mar-2019'.workday(1, {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"});`, "error: A week has a day at which people work"},
		{`info '15-Mar-2019'.workday(1, {"Someday"});`, "error: 'Someday' is no day of the week"},
		{`info '15-Mar-2019'.workday(10001);`, "error: A date is moved by at most 10000 business days"},
		{`info '01-Dec-9999'.workday(100);`, "error: A date lies between the years 1 and 9999"},
	})
}

func TestBusinessHours(t *testing.T) {
	printsAll(t, [][2]string{
		{`info '01-Aug-2022 16:59:00'.addBusinessHour(0.01); info '01-Aug-2022 16:58:00'.addBusinessHour(0.1);`, "01-Aug-2022 17:00:00|01-Aug-2022 16:59:00"},
		{`info '01-Aug-2022 16:00:00'.addBusinessHour(2); info '05-Aug-2022 16:30:00'.addBusinessHour(1);`, "02-Aug-2022 10:00:00|08-Aug-2022 09:30:00"},
		{`info '01-Aug-2022 06:00:00'.addBusinessHour(1.30); info '06-Aug-2022 12:00:00'.addBusinessHour(1);`, "01-Aug-2022 10:30:00|08-Aug-2022 10:00:00"},
		{`info '02-Aug-2022 10:00:00'.addBusinessHour(0 - 2); info '08-Aug-2022 08:00:00'.addBusinessHour(-1); info '01-Aug-2022 20:00:00'.addBusinessHour(-1);`, "01-Aug-2022 16:00:00|05-Aug-2022 16:00:00|01-Aug-2022 16:00:00"},
		{`info '01-Aug-2022'.addBusinessHour(80);`, "12-Aug-2022 17:00:00"},
		{`info '01-Aug-2022'.addBusinessHour(1, {"Sunday"}, {}, {"start": 17, "end": 9});`, "error: Business hours are a start and a later end, from 0 to 24"},
		{`info '01-Aug-2022'.addBusinessHour(100000);`, "error: A date is moved by at most 10000 business hours"},
	})
}

func TestDatesForPeople(t *testing.T) {
	printsAll(t, [][2]string{
		{`info '01-Jan-2018'.getDate(); info '02-Jan-2018'.getDate(); info '03-Jan-2018'.getDate(); info '11-Jan-2018'.getDate(); info '22-Jan-2018'.getDate(); info '31-Jan-2018'.getDate();`, "1st January 2018|2nd January 2018|3rd January 2018|11th January 2018|22nd January 2018|31st January 2018"},
		{`x = '17-Jan-2018 21:00:59'; info x.getTime(12, true); info x.getTime(24); info x.getTime(24, true); info x.getTime(12, false); info x.getDateTime();`, "09:00:59 PM|21:00|21:00:59|09:00 PM|17th January 2018,09:00 PM"},
		{`info '17-Jan-2018'.getTime(13);`, "error: A day has 12 or 24 hours"},
		{`info '24-Jun-1997'.yearFraction('24-Mar-2001 10:10:37'); info '02-Jan-2018'.yearFraction('01-Jan-2018') < 0;`, "3.7518466831557586|true"},
		{`info '7-Feb-2021'.getWeekOfYear(); info '31-Dec-2018'.getWeekOfYear(); info '31-Dec-2018'.getWeekOfYear("Tuesday");`, "7|1|53"},
		{`info toDateTimeString("17-Jan-2018 09:05:07", "dd/MM/yyyy", "GMT"); info 0.toDateTimeString();`, "17/01/2018|01-Jan-1970 00:00:00"},
	})
}
