import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.stream.Collectors;
import org.apache.kafka.common.message.ApiVersionsRequestData;
import org.apache.kafka.common.message.ApiVersionsResponseData;
import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.MessageUtil;

/**
 * Asks a running broker and its controller for ApiVersions (v4) and prints what each answers as JSON. Raw bytes, since
 * no client hands out the answer as it was.
 */
class ApiVersionFacts {
    static final short VERSION = 4;

    /** Arguments: the broker's port, the controller's port. */
    public static void main(String[] args) throws Exception {
        System.out.printf("{\"broker\":%s,\"controller\":%s}%n",
            ask(Integer.parseInt(args[0])), ask(Integer.parseInt(args[1])));
    }

    static String ask(int port) throws Exception {
        ByteBuffer header = MessageUtil.toByteBufferAccessor(new RequestHeaderData()
            .setRequestApiKey(ApiKeys.API_VERSIONS.id).setRequestApiVersion(VERSION).setCorrelationId(1)
            .setClientId("facts"), (short) 2).buffer();
        ByteBuffer body = MessageUtil.toByteBufferAccessor(new ApiVersionsRequestData()
            .setClientSoftwareName("facts").setClientSoftwareVersion("1"), VERSION).buffer();
        try (Socket socket = new Socket("127.0.0.1", port)) {
            DataOutputStream out = new DataOutputStream(socket.getOutputStream());
            out.writeInt(header.remaining() + body.remaining());
            out.write(header.array(), header.position(), header.remaining());
            out.write(body.array(), body.position(), body.remaining());
            DataInputStream in = new DataInputStream(socket.getInputStream());
            byte[] frame = in.readNBytes(in.readInt());
            // The answer's header is v0, a correlation id alone, whatever the version.
            return json(new ApiVersionsResponseData(
                new ByteBufferAccessor(ByteBuffer.wrap(frame, 4, frame.length - 4).slice()), VERSION));
        }
    }

    static String json(ApiVersionsResponseData answer) {
        String apis = answer.apiKeys().stream().sorted((a, b) -> a.apiKey() - b.apiKey())
            .map(api -> String.format("{\"key\":%d,\"name\":\"%s\",\"min\":%d,\"max\":%d}",
                api.apiKey(), ApiKeys.forId(api.apiKey()).name, api.minVersion(), api.maxVersion()))
            .collect(Collectors.joining(","));
        String supported = answer.supportedFeatures().stream().sorted((a, b) -> a.name().compareTo(b.name()))
            .map(feature -> String.format("{\"name\":\"%s\",\"min\":%d,\"max\":%d}",
                feature.name(), feature.minVersion(), feature.maxVersion()))
            .collect(Collectors.joining(","));
        String finalized = answer.finalizedFeatures().stream().sorted((a, b) -> a.name().compareTo(b.name()))
            .map(feature -> String.format("{\"name\":\"%s\",\"min\":%d,\"max\":%d}",
                feature.name(), feature.minVersionLevel(), feature.maxVersionLevel()))
            .collect(Collectors.joining(","));
        return String.format("{\"apis\":[%s],\"supportedFeatures\":[%s],\"finalizedFeatures\":[%s]}",
            apis, supported, finalized);
    }
}
