package web

import (
	"fmt"
	"html/template"
	"math"
	"strconv"
	"strings"
	"time"

	"lanyard"
	"lanyard/internal/invoke"
)

// figures are an activity as a table: what plots.js draws, and what everybody reads who has no use for a drawing.
type figures struct {
	Slots []figureRow // oldest first
	Each  string      // how long a slot is, in words
}

// figureRow is one slot. The figures are as they are read and, for the drawing, as numbers.
type figureRow struct {
	At                                            time.Time
	Time                                          string
	Calls, OK, ClientErrors, ServerErrors, Failed int64
	Share                                         figure // of errors among the calls
	Median, P95                                   figure
}

// figure is a number as it is drawn and as it is read; one that there is not is empty.
type figure struct {
	Value string
	Text  string
}

func newFigures(a *invoke.Activity) figures {
	form := "15:04"
	if a.Width >= 30*time.Minute {
		form = "2 Jan, 15:04"
	}
	f := figures{Each: lasting(a.Width)}
	for i := range a.Points {
		p := &a.Points[i]
		row := figureRow{
			At: p.At, Time: p.At.Format(form), Calls: p.Calls, OK: p.By[lanyard.OutcomeOK], ClientErrors: p.By[lanyard.OutcomeClientError],
			ServerErrors: p.By[lanyard.OutcomeServerError], Failed: p.By[lanyard.OutcomeFailed],
		}
		if p.Calls > 0 {
			share := float64(p.Errors()) / float64(p.Calls)
			row.Share = figure{strconv.FormatFloat(share*100, 'f', 2, 64), percent(share)}
		}
		row.Median, row.P95 = millisecondsOf(p.Median), millisecondsOf(p.P95)
		f.Slots = append(f.Slots, row)
	}
	return f
}

func millisecondsOf(d time.Duration) figure {
	if d == 0 {
		return figure{}
	}
	return figure{strconv.FormatFloat(float64(d)/float64(time.Millisecond), 'f', 2, 64), took(d)}
}

// tile is one figure on top, with its course.
type tile struct {
	Name   string
	Value  string
	Detail string
	Line   template.HTML
}

func newTiles(a *invoke.Activity) []tile {
	course := func(value func(*invoke.Point) float64) template.HTML {
		values := make([]float64, len(a.Points))
		for i := range a.Points {
			values[i] = value(&a.Points[i])
		}
		return sparkline(values)
	}
	t, b := &a.Total, &a.Before
	calls := tile{Name: "Calls", Value: thousands(t.Calls), Line: course(func(p *invoke.Point) float64 { return float64(p.Calls) })}
	failed := tile{Name: "Errors", Value: "None", Line: course(func(p *invoke.Point) float64 { return float64(p.Errors()) })}
	if t.Errors() > 0 {
		failed.Value = percent(float64(t.Errors()) / float64(t.Calls))
		failed.Detail = thousands(t.Errors()) + " of " + thousands(t.Calls) + " calls"
	}
	if t.Calls == 0 {
		failed.Value = "–"
	}
	median := tile{Name: "Median time", Value: took(t.Median), Line: course(func(p *invoke.Point) float64 { return float64(p.Median) })}
	p95 := tile{Name: "95th percentile", Value: took(t.P95), Line: course(func(p *invoke.Point) float64 { return float64(p.P95) })}
	if a.Compared {
		calls.Detail = compared(float64(t.Calls), float64(b.Calls), "more", "fewer")
		if t.Calls > 0 && b.Calls > 0 {
			if failed.Detail == "" {
				failed.Detail = "in " + thousands(t.Calls) + " calls"
			}
			failed.Detail += ", " + percent(float64(b.Errors())/float64(b.Calls)) + " before"
			median.Detail = compared(float64(t.Median), float64(b.Median), "longer", "shorter")
			p95.Detail = compared(float64(t.P95), float64(b.P95), "longer", "shorter")
		}
	}
	return []tile{calls, failed, median, p95}
}

// compared says how a figure stands to the one of the time before.
func compared(now, before float64, more, less string) string {
	switch {
	case before == 0 || now == 0:
		return ""
	case now >= 10*before:
		return fmt.Sprintf("%.0f times as before", now/before)
	}
	change := math.Round((now/before - 1) * 100)
	switch {
	case change > 0:
		return fmt.Sprintf("%.0f%% %s than before", change, more)
	case change < 0:
		return fmt.Sprintf("%.0f%% %s than before", -change, less)
	}
	return "as before"
}

// sparkline draws a course of values that are not negative, without axes, in the colour of the text around it.
func sparkline(values []float64) template.HTML {
	const width, height = 100, 24
	most := 0.0
	for _, v := range values {
		most = max(most, v)
	}
	if most == 0 || len(values) < 2 {
		return ""
	}
	var line strings.Builder
	for i, v := range values {
		fmt.Fprintf(&line, "%s%.1f %.1f", map[bool]string{true: "M", false: "L"}[i == 0], float64(i)*width/float64(len(values)-1), 1+(height-2)*(1-v/most))
	}
	//nolint:gosec // nothing but numbers
	return template.HTML(fmt.Sprintf(`<svg class="spark" viewBox="0 0 %d %d" preserveAspectRatio="none" aria-hidden="true"><path class="below" d="%sL%d %dL0 %dZ"/><path d="%s"/></svg>`,
		width, height, line.String(), width, height, height, line.String()))
}

// percent never says 0% of something, nor 100% of less than all.
func percent(share float64) string {
	switch p := share * 100; {
	case p == 0 || p == 100:
		return fmt.Sprintf("%.0f%%", p)
	case p < 0.1:
		return "<0.1%"
	case p > 99.9:
		return ">99.9%"
	case p < 10 || p > 99:
		return fmt.Sprintf("%.1f%%", p)
	default:
		return fmt.Sprintf("%.0f%%", p)
	}
}

// lasting is the length of a slot in words.
func lasting(d time.Duration) string {
	switch d {
	case time.Minute:
		return "minute"
	case time.Hour:
		return "hour"
	}
	if d < time.Hour {
		return fmt.Sprintf("%d minutes", int(d.Minutes()))
	}
	return fmt.Sprintf("%d hours", int(d.Hours()))
}
