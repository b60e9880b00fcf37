import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.common.protocol.Message;

/** Reads [class, version, value or null] from its input, and prints the bytes that Kafka's own class makes of each. */
class MessageBytes {
    public static void main(String[] args) throws Exception {
        StringBuilder out = new StringBuilder();
        for (JsonNode wanted : new ObjectMapper().readTree(System.in)) {
            String name = wanted.get(0).asText();
            short version = (short) wanted.get(1).asInt();
            Message message = message(name, version, wanted.get(2));
            ByteBuffer bytes = MessageUtil.toByteBufferAccessor(message, version).buffer();
            byte[] copy = new byte[bytes.remaining()];
            bytes.get(copy);
            out.append(out.length() == 0 ? "[" : ",").append('"').append(HexFormat.of().formatHex(copy)).append('"');
        }
        System.out.println(out.append("]"));
    }

    private static Message message(String name, short version, JsonNode value) throws Exception {
        if (value.isNull()) return (Message) Class.forName(name).getDeclaredConstructor().newInstance();
        return (Message) Class.forName(name + "JsonConverter")
            .getMethod("read", JsonNode.class, short.class)
            .invoke(null, value, version);
    }
}
