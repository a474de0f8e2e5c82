/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Texts of daemon.json as people write them. */

static const char *const daemon_jsons[] = {
	"{}",
	"{}\n",
	"{ }",
	"{\n}\n",
	" {\r\n\r\n}\r\n",
	"{\"debug\":true}",
	"{ \"debug\": true }\n",
	"{\n  \"debug\": true\n}",
	"{\n  \"debug\" : true ,\n  \"mtu\":1450\n}\n\n\n",
	"{\n\t\"log-driver\": \"journald\",\n\n\n\t\"insecure-registries\": [ "
	"\"a:5000\",\n\t\t\"b\" ]\n}\n",
	"{\r\n    \"log-opts\": {\"max-size\": \"10m\"},\r\n    \"mtu\": 1.450e3\r\n}\r\n",
	"{\"a\":1\n,\"b\":2\n,\"c\":-3}",
	"{\"hosts\":[],\"features\":{\"buildkit\":true},\"storage-opts\":[\"dm.basesize=10G\"]}",
	"{\"runtimes\":{}}",
	"{\n  \"runtimes\": {},\n  \"debug\": true\n}\n",
	"{\n  \"runtimes\": {\n    \"nvidia\": {\n      \"path\": \"nvidia-container-runtime\",\n"
	"      \"runtimeArgs\": []\n    }\n  },\n  \"debug\": false\n}\n",
	"{\"runtimes\":{\"a\":{\"path\":\"/a\"},\"b\":{\"path\":\"/"
	"b\"}},\"default-runtime\":\"runc\"}",
	"{\n  \"default-runtime\"  :  \"runc\",\n  \"mtu\": 9000\n}\n",
	"{ \"labels\": [\"k\\u00e9y=\\\"v\\\"\", \"\\\\\", \"{,}\"], \"x\": {\"y\": [{\"z\": "
	"null}]} }",
	"{\"\xc3\xa4\": \"\xe2\x82\xac\",\n \"mtu\" :1}",
};
