package web

import (
	"fmt"
	"slices"
)

// lineChange is a line of a difference between two texts.
type lineChange struct {
	Sign     string // "+" it is new, "-" it is gone, "" it is in both
	Old, New int    // the line's number in each text, from 1; 0: not there
	Text     string
}

// maxEdits bounds the work of lineDiff: what differs in more lines is shown as all of the old and all of the new.
const maxEdits = 1500

// lineDiff gives the lines of two texts as they are to be read below each other, by the shortest way from one to the other
// (Myers, "An O(ND) Difference Algorithm").
func lineDiff(before, after []string) []lineChange {
	head := 0
	for head < len(before) && head < len(after) && before[head] == after[head] {
		head++
	}
	tail := 0
	for tail < len(before)-head && tail < len(after)-head && before[len(before)-1-tail] == after[len(after)-1-tail] {
		tail++
	}
	changes := make([]lineChange, 0, len(after)+8)
	old, now := 0, 0
	add := func(sign string) {
		c := lineChange{Sign: sign}
		if sign != "+" {
			c.Text = before[old]
			old++
			c.Old = old
		}
		if sign != "-" {
			c.Text = after[now]
			now++
			c.New = now
		}
		changes = append(changes, c)
	}
	for range head {
		add("")
	}
	for _, sign := range edits(before[head:len(before)-tail], after[head:len(after)-tail]) {
		add(sign)
	}
	for range tail {
		add("")
	}
	return changes
}

// edits are the signs of the lines between what both texts begin and end with.
func edits(a, b []string) []string {
	trace, ok := walk(a, b)
	if !ok {
		return append(slices.Repeat([]string{"-"}, len(a)), slices.Repeat([]string{"+"}, len(b))...)
	}
	var signs []string
	x, y := len(a), len(b)
	for d := len(trace) - 1; d > 0; d-- { // back from the end
		reach, k := trace[d], x-y
		sign, from := "-", k-1
		if k == -d || k != d && reach[d+k-1] < reach[d+k+1] {
			sign, from = "+", k+1
		}
		beginX := reach[d+from]
		for x > beginX && y > beginX-from {
			x, y = x-1, y-1
			signs = append(signs, "")
		}
		if sign == "+" {
			y--
		} else {
			x--
		}
		signs = append(signs, sign)
	}
	signs = append(signs, slices.Repeat([]string{""}, x)...)
	slices.Reverse(signs)
	return signs
}

// walk finds how many lines have to come in or go: one less than it has steps. A step knows how far down the first text
// each diagonal had been followed before it; of the step d these are the diagonals -d to d.
func walk(a, b []string) (trace [][]int, ok bool) {
	most := min(len(a)+len(b), maxEdits)
	reach := make([]int, 2*most+3)
	for d := range most + 1 {
		trace = append(trace, slices.Clone(reach[most+1-d:most+2+d]))
		for k := -d; k <= d; k += 2 {
			at, x := most+1+k, 0
			switch {
			case d == 0:
			case k == -d || k != d && reach[at-1] < reach[at+1]:
				x = reach[at+1]
			default:
				x = reach[at-1] + 1
			}
			for x < len(a) && x-k < len(b) && a[x] == b[x-k] {
				x++
			}
			reach[at] = x
			if x == len(a) && x-k == len(b) {
				return trace, true
			}
		}
	}
	return nil, false
}

const contextLines = 3 // around what changed

// diffPart is a stretch of a difference.
type diffPart struct {
	Skipped int // lines that are the same, before these
	Lines   []lineChange
}

// shortDiff leaves out what is the same, far from any change.
func shortDiff(changes []lineChange) []diffPart {
	near := make([]bool, len(changes))
	for i, c := range changes {
		if c.Sign == "" {
			continue
		}
		for j := max(0, i-contextLines); j < min(len(changes), i+contextLines+1); j++ {
			near[j] = true
		}
	}
	var parts []diffPart
	skipped := 0
	for i, c := range changes {
		if !near[i] {
			skipped++
			continue
		}
		if len(parts) == 0 || skipped > 0 {
			parts = append(parts, diffPart{Skipped: skipped})
			skipped = 0
		}
		last := &parts[len(parts)-1]
		last.Lines = append(last.Lines, c)
	}
	return parts
}

// diffSummary counts the lines that differ.
func diffSummary(changes []lineChange) string {
	added, removed := 0, 0
	for _, c := range changes {
		switch c.Sign {
		case "+":
			added++
		case "-":
			removed++
		}
	}
	if added+removed == 0 {
		return "They are the same."
	}
	return fmt.Sprintf("%s added, %s removed.", counted(added, "line"), counted(removed, "line"))
}
