package counter

import (
	"sync"
	"testing"
)

// Take the lock out of Add, and `go test -race` fails the job.
func TestAddFromManyGoroutines(t *testing.T) {
	var counter Counter
	var group sync.WaitGroup
	for i := 0; i < 100; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			counter.Add(1)
		}()
	}
	group.Wait()
	if got := counter.Add(0); got != 100 {
		t.Errorf("counted %d, want 100", got)
	}
}
