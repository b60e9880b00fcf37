// The journey of ../README.md by franz-go.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	partitions = 3
	each       = 50
	more       = 10
	deadline   = 60 * time.Second
)

var codecs = []struct {
	name  string
	codec kgo.CompressionCodec
}{
	{"none", kgo.NoCompression()},
	{"gzip", kgo.GzipCompression()},
	{"snappy", kgo.SnappyCompression()},
	{"lz4", kgo.Lz4Compression()},
	{"zstd", kgo.ZstdCompression()},
}

func main() {
	bootstrap, topic, group := os.Args[1], os.Args[2], os.Args[3]
	ctx, cancel := context.WithTimeout(context.Background(), 2*deadline)
	defer cancel()

	client, err := kgo.NewClient(kgo.SeedBrokers(bootstrap))
	check(err)
	defer client.Close()
	admin := kadm.NewClient(client)
	_, err = admin.CreateTopic(ctx, partitions, 1, nil, topic)
	check(err)

	var everything, names []string
	for _, c := range codecs {
		names = append(names, c.name)
		var values []string
		for i := range each {
			values = append(values, fmt.Sprintf("%s-%d-%s", c.name, i, strings.Repeat("x", 200)))
		}
		produce(ctx, bootstrap, topic, c.codec, values)
		everything = append(everything, values...)
	}
	same("consumed", consume(ctx, bootstrap, topic, group, len(everything)), everything)

	var again []string
	for i := range more {
		again = append(again, fmt.Sprintf("more-%d", i))
	}
	produce(ctx, bootstrap, topic, kgo.NoCompression(), again)
	resumed := consume(ctx, bootstrap, topic, group, more)
	same("resumed", resumed, again)

	offsets, err := admin.FetchOffsets(ctx, group)
	check(err)
	committed := int64(0)
	offsets.Each(func(o kadm.OffsetResponse) { committed += max(o.At, 0) })

	line, err := json.Marshal(map[string]any{"client": "franz-go", "codecs": names, "consumed": len(everything),
		"resumed": len(resumed), "committed": committed})
	check(err)
	fmt.Println(string(line))
}

// franz-go's producer is idempotent unless told otherwise.
func produce(ctx context.Context, bootstrap, topic string, codec kgo.CompressionCodec, values []string) {
	client, err := kgo.NewClient(kgo.SeedBrokers(bootstrap), kgo.DefaultProduceTopic(topic), kgo.ProducerBatchCompression(codec))
	check(err)
	defer client.Close()
	var records []*kgo.Record
	for i, value := range values {
		records = append(records, &kgo.Record{Key: fmt.Appendf(nil, "k%d", i), Value: []byte(value),
			Headers: []kgo.RecordHeader{{Key: "codec", Value: []byte("any")}}})
	}
	check(client.ProduceSync(ctx, records...).FirstErr())
}

func consume(ctx context.Context, bootstrap, topic, group string, expected int) []string {
	client, err := kgo.NewClient(kgo.SeedBrokers(bootstrap), kgo.ConsumerGroup(group), kgo.ConsumeTopics(topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.DisableAutoCommit())
	check(err)
	defer client.Close()
	var values []string
	for until := time.Now().Add(deadline); time.Now().Before(until); {
		// One more empty poll than needed: a record too many must show.
		poll, cancel := context.WithTimeout(ctx, time.Second)
		fetches := client.PollFetches(poll)
		cancel()
		if fetches.NumRecords() == 0 && len(values) >= expected {
			break
		}
		fetches.EachRecord(func(record *kgo.Record) {
			if len(record.Headers) != 1 || record.Headers[0].Key != "codec" {
				check(fmt.Errorf("headers %v", record.Headers))
			}
			values = append(values, string(record.Value))
		})
	}
	check(client.CommitUncommittedOffsets(ctx))
	return values
}

func same(what string, got, want []string) {
	got, want = slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))
	if !slices.Equal(got, want) {
		check(fmt.Errorf("%s %d records, not the %d produced", what, len(got), len(want)))
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
