export { HttpError, serveHttp, type HttpAnswer, type HttpRequest, type HttpServer, type Route } from './http-server.js'
