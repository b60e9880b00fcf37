import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RoundRobinPartitioner;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.serialization.StringSerializer;
import org.springframework.kafka.core.KafkaTemplate;
import org.springframework.kafka.core.ProducerFactory;
import org.springframework.kafka.listener.DeadLetterPublishingRecoverer;
import org.springframework.kafka.listener.ListenerExecutionFailedException;
import org.springframework.kafka.support.serializer.DelegatingSerializer;
import org.springframework.kafka.support.serializer.JacksonJsonDeserializer;
import org.springframework.kafka.support.serializer.JacksonJsonSerializer;

/** Prints, as JSON, what Spring for Apache Kafka writes into the headers of dead letters and JSON values. */
public class SpringFacts {
    public static class Order {
        public int id = 7;
    }

    public static void main(String[] args) {
        Headers given = new RecordHeaders();
        given.add("mine", "x".getBytes(StandardCharsets.UTF_8));
        ConsumerRecord<String, String> record = new ConsumerRecord<>("orders", 2, 5_000_000_000L, 1_234_567_890_123L,
            TimestampType.CREATE_TIME, 1, 1, "k", "v", given, Optional.empty());
        ProducerRecord<String, String> first = deadLetter(record, "billing", "no such order");
        ConsumerRecord<String, String> again = new ConsumerRecord<>(first.topic(), 2, 3L, 1_234_567_890_999L,
            TimestampType.LOG_APPEND_TIME, 1, 1, "k", "v", first.headers(), Optional.empty());
        System.out.println("{\"deadLetter\":" + headers(first.headers()) + ",\"deadLetterOfDeadLetter\":"
            + headers(deadLetter(again, "reports", "no report").headers()) + ",\"deadLetterTopic\":\"" + first.topic()
            + "\",\"deadLetterPartition\":" + first.partition() + ",\"deadLetterTimestamp\":" + first.timestamp()
            + ",\"json\":" + json() + ",\"selectors\":[\"" + DelegatingSerializer.VALUE_SERIALIZATION_SELECTOR + "\",\""
            + DelegatingSerializer.KEY_SERIALIZATION_SELECTOR + "\"]}");
    }

    private static ProducerRecord<String, String> deadLetter(ConsumerRecord<String, String> record, String group, String why) {
        MockProducer<String, String> producer = new MockProducer<>(true, new RoundRobinPartitioner(), new StringSerializer(), new StringSerializer());
        ProducerFactory<String, String> factory = () -> producer;
        KafkaTemplate<String, String> template = new KafkaTemplate<>(factory);
        DeadLetterPublishingRecoverer recoverer = new DeadLetterPublishingRecoverer(template);
        recoverer.setVerifyPartition(false);
        recoverer.accept(record, null, new ListenerExecutionFailedException("Listener failed", group, new IllegalStateException(why)));
        return producer.history().get(0);
    }

    private static String json() {
        StringBuilder out = new StringBuilder("{");
        for (boolean isKey : List.of(false, true)) {
            try (JacksonJsonSerializer<Order> serializer = new JacksonJsonSerializer<>();
                JacksonJsonDeserializer<Object> deserializer = new JacksonJsonDeserializer<>()) {
                Map<String, String> mapping = Map.of("spring.json.type.mapping", "order:" + Order.class.getName());
                serializer.configure(mapping, isKey);
                deserializer.configure(mapping, isKey);
                Headers headers = new RecordHeaders();
                byte[] bytes = serializer.serialize("t", headers, new Order());
                // as our serde writes it, read by Spring
                Headers ours = new RecordHeaders();
                ours.add(isKey ? "__Key_TypeId__" : "__TypeId__", "order".getBytes(StandardCharsets.UTF_8));
                Object read = deserializer.deserialize("t", ours, "{\"id\":8}".getBytes(StandardCharsets.UTF_8));
                out.append(isKey ? ",\"key\":" : "\"value\":").append(String.format("{\"bytes\":\"%s\",\"headers\":%s,\"readsOurs\":%b}",
                    HexFormat.of().formatHex(bytes), headers(headers), read instanceof Order order && order.id == 8));
            }
        }
        return out + "}";
    }

    /** Stack traces are of this run: only their beginning counts. */
    private static String headers(Headers headers) {
        List<String> rows = new ArrayList<>();
        for (Header header : headers) {
            byte[] value = header.key().endsWith("stacktrace") ? "…".getBytes(StandardCharsets.UTF_8) : header.value();
            rows.add("[\"" + header.key() + "\",\"" + HexFormat.of().formatHex(value) + "\"]");
        }
        return rows.toString();
    }
}
